"""metadata.xml of a package: the elements of DA/T 46-2009 that this program can fill from what it knows. Pure.

elements.toml lists them all, what is written for each and how far that was verified; no conformity is claimed.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree as xml

from aftersales.archives.contents import ArchivedFile
from aftersales.packages.elements import ROOT, faults
from aftersales.record.actor import SYSTEM
from aftersales.record.now import CHINA

LISTED = ("files", "signatures", "seals", "packed_at")  # told in another form, or elsewhere
SAYS = "元素参照 DA/T 46-2009《文书类电子文件元数据方案》，按公开的目次、DA/T 48 结构和代码核对，不声明符合该标准。"
TEXT = ""
COMPILED = "2026-11-28"
"""The day elements.toml was put together; packages written before it say nothing of it, and stay as they are."""


class MetadataError(ValueError):
    """What is known of a record makes no metadata that keeps to elements.toml; says what is wrong."""


@dataclass(frozen=True)
class Signed:
    """What a person signed on the record: what for, how, when."""

    meaning: str
    signer: str
    method: str
    at: datetime

    def to_json(self) -> dict[str, str]:
        return vars(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True)
class Seal:
    """The company's signature on a paper, as it was verified: its value, the certificate (DER) and the algorithm (OID)."""

    company: str
    at: datetime
    value: bytes
    certificate: bytes
    algorithm: str


@dataclass(frozen=True)
class Description:
    """What a package says of its record, in plain values; `files` and `seals` by their path below data/, `term` in Chinese
    words, `fingerprint` that of certificate.pem."""

    company: str
    region: str
    archive_no: str
    record_no: str
    kind: str
    title: str
    recorded_on: date
    sealed_at: datetime
    sealed_by: str
    archived_at: datetime
    packed_at: datetime
    retention_class: str
    term: str
    paper_place: str
    content_hash: str
    fingerprint: str
    pages: int
    files: Mapping[str, ArchivedFile]
    signatures: Sequence[Signed]
    seals: Mapping[str, Seal]

    def to_json(self) -> dict[str, Any]:
        """The same for machines: data/entry.json."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in LISTED}
        return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in told.items()} | {
            "files": [{"path": f"data/{path}", **file.to_json()} for path, file in self.files.items()],
            "signatures": [signed.to_json() for signed in self.signatures],
        }


def metadata_xml(about: Description) -> bytes:
    """Raises MetadataError where an obligatory element has nothing to say, or a value is out of range."""
    root = xml.Element(ROOT, {"参照": "DA/T 46-2009", "元素表": COMPILED, "说明": SAYS})
    hands = _hands(about)
    _fill(root, {"文件实体": _record(about)})
    for name, number in hands.items():
        kind = "单位" if name == about.company else "个人"
        _fill(root, {"机构人员实体": {"机构人员标识符": number, "机构人员类型": kind, "机构人员名称": name}})
    for number, (done, at, by, how) in enumerate(_deeds(about), 1):
        deed = {"业务标识符": str(number), "机构人员标识符": hands[by], "文件标识符": about.archive_no, "业务状态": "历史行为"}
        _fill(root, {"业务实体": deed | {"业务行为": done, "行为时间": _moment(at), "行为描述": how}})
    if wrong := faults(root):
        raise MetadataError(f"metadata.xml of {about.archive_no}: {'; '.join(wrong)}")
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)


def _record(about: Description) -> dict[str, Any]:
    code = {
        TEXT: about.archive_no, "年度": str(about.recorded_on.year), "保管期限": re.sub(r"^(?=\d)", "至", about.term),
        "机构或问题": about.region, "类别号": about.retention_class, "室编件号": str(int(about.archive_no.rpartition("-")[2])),
    }  # fmt: skip
    content = {
        "题名": about.title, "文件编号": about.record_no, "责任者": about.company, "日期": about.recorded_on.isoformat(),
        "文种": about.kind, "密级": "限制",
    }  # fmt: skip
    form = {"文件组合类型": "单件" if len(about.files) == 1 else "组合文件", "页数": str(about.pages or ""), "语种": "汉语"}
    return {
        "聚合层次": "文件",
        "来源": {"立档单位名称": about.company},
        "电子文件号": about.archive_no,
        "档号": code,
        "内容描述": content,
        "形式特征": form,
        "电子属性": [_attributes(path, file) for path, file in about.files.items()],
        "电子签名": [_signature(path, seal) for path, seal in about.seals.items()],
        "存储位置": {"当前位置": "第一存放地；第二存放地（本档案包）", "脱机载体编号": "无"},
        "权限管理": {"控制标识": "控制"},
        "附注": about.paper_place and f"纸质原件：{about.paper_place}",
    }


def _attributes(path: str, file: ArchivedFile) -> dict[str, str]:
    told = {"格式信息": f"MIME媒体类型：{file.media_type}", "计算机文件名": f"data/{path}"}
    return told | {"计算机文件大小": str(file.size), "SHA-256": file.sha256}


def _signature(path: str, seal: Seal) -> dict[str, str]:
    return {
        "签名规则": f"PAdES，嵌入 data/{path}", "签名时间": _moment(seal.at), "签名人": seal.company,
        "签名结果": b64encode(seal.value).decode(), "证书": b64encode(seal.certificate).decode(), "签名算法标识": seal.algorithm,
    }  # fmt: skip


def _deeds(about: Description) -> list[tuple[str, datetime, str, str]]:
    """What was done with the record, when, by whom, and how it is described: in the order of time. For what the program did by itself
    stands the company, since a hand is a company, a department or a person."""
    signed = [("签署", row.at, row.signer, f"{row.meaning}；{row.method}") for row in about.signatures]
    kept = (
        ("封存", about.sealed_at, about.sealed_by, "归档后重新打开，再次封存" if about.sealed_at > about.archived_at else ""),
        ("归档", about.archived_at, about.company, ""),
        ("打包", about.packed_at, about.company, ""),
    )
    done = [
        (what, at, about.company, how or "由系统办理") if by == SYSTEM.name else (what, at, by, how)
        for what, at, by, how in (*signed, *kept)
    ]
    return sorted(done, key=lambda deed: deed[1])


def _hands(about: Description) -> dict[str, str]:
    """Who had a hand in it, the company first, each with a number of this package."""
    names = dict.fromkeys([about.company, *(by for _done, _at, by, _how in _deeds(about))])
    return {name: str(number) for number, name in enumerate(names, 1)}


def _moment(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _fill(parent: xml.Element, told: Mapping[str, Any]) -> None:
    """A list is the same element as often, what is empty none; TEXT are the words of the parent itself."""
    for name, value in told.items():
        for one in value if isinstance(value, list) else [value] if value else []:
            if name == TEXT:
                parent.text = _printable(one)
            elif isinstance(one, Mapping):
                _fill(xml.SubElement(parent, name), one)
            else:
                xml.SubElement(parent, name).text = _printable(one)


def _printable(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter >= " " or letter in "\n\t" else "�" for letter in text)
