"""A realistic repair report, and how to print it. All names are invented."""

import base64
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image, ImageDraw

from aftersales.record.printing.qr import qr_svg
from aftersales.record.printing.render import render_pdf

ROOT = Path(__file__).resolve().parents[2]
CREATED = datetime(2026, 3, 12, 8, 41, tzinfo=UTC)
IDENTIFIER = bytes(range(16))
RECORD = json.dumps({"number": "SO-2026-000318", "state": "closed"}, ensure_ascii=False).encode()
LONG_HOSPITAL = "云岭壮族苗族自治州第三人民医院（云岭壮族苗族自治州医学科学研究院附属医院）南湖院区重症医学科一病区"


HEAD = ("name_en", "address", "phone", "website", "licence_no", "footer", "logo")


def drawn_signature() -> str:
    image = Image.new("1", (480, 160), 1)
    pen = ImageDraw.Draw(image)
    stroke = [(30, 110), (80, 40), (110, 120), (160, 50), (190, 110), (260, 60), (300, 115), (380, 45), (450, 90)]
    pen.line(stroke, fill=0, width=5, joint="curve")
    pen.line([(60, 80), (210, 70)], fill=0, width=5)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def sample_html(*, measurements: int = 6, mark: str | None = None, hospital: str = LONG_HOSPITAL) -> str:
    """`measurements`: rows of the function test; 6 fill one page, 70 make three."""
    tests = [
        ("潮气量", "500", "450–550", "498", "mL"),
        ("呼吸频率", "15", "14–16", "15", "次/min"),
        ("吸入氧浓度", "40", "37–43", "40.6", "%"),
        ("呼气末正压", "5", "4–6", "5.1", "cmH₂O"),
        ("气道压力上限报警", "40", "38–42", "40", "cmH₂O"),
        ("窒息报警延时", "20", "≤ 22", "20.3", "s"),
    ]
    rows = []
    for index in range(measurements):
        name, setting, limits, measured, unit = tests[index % len(tests)]
        label = name if measurements <= len(tests) else f"{name}（第 {index // len(tests) + 1} 组）"
        rows.append([label, setting, limits, measured, unit, "FT-0072", "合格"])
    if measurements > len(tests):
        rows[7] = {"cells": [*rows[7][:3], "18", *rows[7][4:6], "不合格"], "class": "failed"}
    loader = FileSystemLoader([ROOT / "templates", ROOT / "tests"])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    return environment.get_template("documents/sample.html").render(
        company=dict.fromkeys(HEAD, "") | {"name": "青禾医疗设备服务有限公司"},
        form={"title": "维修服务报告", "number": "QR-SV-07-03", "version": "C/2"},
        number="SO-2026-000318",
        printed={"by": "周叙白", "at": "2026-03-12 16:41"},
        verification={"qr": Markup(qr_svg("https://service.example/v/4821-7093-5526")), "code": "4821 7093 5526"},
        mark=mark,
        facts=[
            ("使用单位", hospital, "wide"),
            ("设备名称", "治疗呼吸机"),
            ("型号规格", "QH-V600 Pro"),
            ("序列号", "V6P23110487"),
            ("UDI-PI", "(11)231107(21)V6P23110487"),
            ("UDI-DI", "06900000001236"),
            ("软件版本", "3.2.1（完整版本 3.2.1.4471）"),
            ("注册证号", "国械注准20233080000"),
            ("风险等级", "高风险紧急类"),
            ("安装日期", "2023-12-18"),
            ("保修", "保修期内，至 2026-12-17"),
        ],
        course=[
            ("来电时间", "2026-03-11 21:04"),
            ("登记时间", "2026-03-11 21:11"),
            ("故障级别", "一级（停机，影响患者救治）"),
            ("受理人", "许知微　客服热线"),
            ("响应时限", "1 h　公司规定 SV-R-03（最严）"),
            ("响应时间", "21:32　按时"),
            ("到场时限", "4 h　公司规定 SV-R-03"),
            ("到场时间", "2026-03-12 00:18　按时"),
            ("故障现象", "开机自检第 6 步报“吸气流量传感器超差”，机器不能进入待机界面；已更换备用机，患者未受影响。", "wide"),
        ],
        findings=[
            (
                "故障原因",
                "吸气流量传感器加热丝老化，零点漂移 +3.8 L/min，超出 ±1.0 L/min 的允许范围。"
                "主板供电 5.02 V、气源压力 0.41 MPa 均正常，排除供电与气源原因。",
                "wide",
            ),
            (
                "处理过程",
                "1. 断开气源与电源，泄压后拆下吸气模块。\n2. 更换流量传感器及密封圈，重新校准零点与量程。\n"
                "3. 按《QH-V600 维修规程》第 8.4 节完成全项功能测试，连续运行 2 h 无报警。",
                "wide",
            ),
            ("向用户说明", "原因与方案已于 2026-03-12 00:52 向设备科闻人静姝说明并取得同意。", "wide"),
        ],
        parts=[
            ["吸气流量传感器", "QH-6021-A", "FS2309-0117", "FS2602-0048", "1", "零点漂移超差"],
            ["密封圈（吸气模块）", "QH-6021-S", "—", "LOT 260118", "2", "随传感器更换"],
        ],
        measurements=rows,
        conclusion=[
            ("测试结论", "全部合格，可以投入使用", "strong"),
            ("满意度", "5 分（5 分制）"),
            ("备用机", "LN-0032 已于 03-12 09:20 收回"),
            ("工时", "3 h 40 min"),
        ],
        people=[
            _person("维修完成", "欧阳慕言", "售后工程师　工号 0417", "2026-03-12 09:31", drawn_signature()),
            _person("用户验收", "闻人静姝", "设备科", "2026-03-12 09:36", drawn_signature()),
            _person("质量审核", "顾清和", "质量管理部", "2026-03-12 16:38", None),
        ],
    )


def _person(meaning: str, name: str, role: str, at: str, image: str | None) -> dict[str, str | None]:
    return {"meaning": meaning, "name": name, "role": role, "at": at, "image": image}


def sample_pdf(**variation: object) -> bytes:
    return render_pdf(sample_html(**variation), identifier=IDENTIFIER, record=RECORD, created=CREATED, title="维修服务报告 SO-2026-000318")
