"""metadata.xml of a package: the elements of DA/T 46-2009 that this program can fill from what it knows. Pure.

`elements` knows which there are and which are obligatory, as far as that is published; no conformity is claimed. docs/archive-format.md
lists which element comes from where, and which are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree as xml

from aftersales.archives.contents import ArchivedFile
from aftersales.packages.elements import faults

LISTED = ("files", "signatures", "seals", "packed_at")  # told in another form, or elsewhere
SAYS = "元素参照 DA/T 46-2009《文书类电子文件元数据方案》，名称、必选和值域按公开资料核对，不声明符合该标准。"
SHA_256 = "2.16.840.1.101.3.4.2.1"  # its OID
SECRECY, CONTROL = "限制", "控制"  # for the company and whoever it shows them to: no state secrets, but not for everybody either
NO_MEDIUM = "未脱机保存"


@dataclass(frozen=True)
class Signed:
    """One signature: what for (or of which file), by whom, how, when. `result`: of a file's the signature itself (base64), by the algorithm
    of that OID and with that certificate (DER in base64); of a person's the hash of what was signed."""

    meaning: str
    signer: str
    method: str
    at: datetime
    result: str
    algorithm: str = SHA_256
    certificate: str = ""
    fingerprint: str = ""

    def to_json(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value and name != "certificate"} | {"at": self.at.isoformat()}


@dataclass(frozen=True)
class Description:
    """What a package says of its record, in plain values; `files` and `seals` (the company's signature on each paper) by their path
    below data/, `term` in Chinese words, `fingerprint` that of certificate.pem."""

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
    place: str
    content_hash: str
    fingerprint: str
    pages: int
    files: Mapping[str, ArchivedFile]
    signatures: Sequence[Signed]
    seals: Mapping[str, Signed]

    def to_json(self) -> dict[str, Any]:
        """The same for machines: data/entry.json."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in LISTED}
        return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in told.items()} | {
            "files": [{"path": f"data/{path}", **file.to_json()} for path, file in self.files.items()],
            "signatures": [signed.to_json() for signed in self.signatures],
        }


def metadata_xml(about: Description) -> bytes:
    """Raises ValueError where an obligatory element would be empty."""
    root = xml.Element("电子文件元数据", {"参照": "DA/T 46-2009", "说明": SAYS})
    entity = xml.SubElement(root, "文件实体")
    _fill(entity, {"聚合层次": "文件", "来源": {"立档单位名称": about.company}, "电子文件号": about.archive_no})
    year = str(about.recorded_on.year)
    _fill(entity, {"档号": {"年度": year, "保管期限": about.term, "机构或问题": about.region, "室编件号": about.archive_no}})
    content = {
        "题名": about.title, "分类号": about.retention_class, "文件编号": about.record_no, "责任者": about.sealed_by,
        "日期": about.recorded_on.isoformat(), "文种": about.kind, "密级": SECRECY,
    }  # fmt: skip
    _fill(entity, {"内容描述": content, "形式特征": _form(about)})
    for path, file in about.files.items():
        size = {} if file.size is None else {"计算机文件大小": str(file.size)}
        _fill(entity, {"电子属性": {"格式信息": _format(path, file), "计算机文件名": f"data/{path}", **size, "SHA-256": file.sha256}})
    for signed in (*about.seals.values(), *about.signatures):
        proof = {"证书": signed.certificate, "证书引证": f"SHA-256 {signed.fingerprint}"} if signed.certificate else {}
        told = {"签名规则": signed.method, "签名时间": signed.at.isoformat(), "签名人": signed.signer, "签名结果": signed.result}
        _fill(entity, {"电子签名": told | proof | {"签名算法标识": signed.algorithm, "签名含义": signed.meaning}})
    _fill(entity, {"存储位置": {"当前位置": about.place, "脱机载体编号": NO_MEDIUM}, "权限管理": {"控制标识": CONTROL}})
    hands = {about.company: "单位", about.sealed_by: "个人"}
    numbers = {name: str(number) for number, name in enumerate(hands, 1)}
    deeds = (("封存", about.sealed_at, about.sealed_by), ("归档", about.archived_at, ""), ("打包", about.packed_at, ""))
    for number, (done, at, by) in enumerate(deeds, 1):
        who = {"业务标识符": str(number), "机构人员标识符": numbers[by or about.company], "文件标识符": about.archive_no}
        _fill(root, {"业务实体": who | {"业务状态": "历史行为", "业务行为": done, "行为时间": at.isoformat()}})
    for name, kind in hands.items():
        _fill(root, {"机构人员实体": {"机构人员标识符": numbers[name], "机构人员类型": kind, "机构人员名称": name}})
    if wrong := list(faults(root)):
        raise ValueError("; ".join(wrong))
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)


def _format(path: str, file: ArchivedFile) -> str:
    name = "PDF/A-3b" if file.role == "paper" else PurePath(path).suffix[1:].upper()
    return f"格式名称：{name}，MIME媒体类型：{file.media_type}" if name else f"MIME媒体类型：{file.media_type}"


def _form(about: Description) -> dict[str, str]:
    return {"文件组合类型": "单件" if len(about.files) == 1 else "组合文件", "页数": str(about.pages), "语种": "汉语"}


def _fill(parent: xml.Element, told: Mapping[str, Any]) -> None:
    for name, value in told.items():
        element = xml.SubElement(parent, name)
        if isinstance(value, Mapping):
            _fill(element, value)
        else:
            element.text = _printable(value)


def _printable(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter >= " " or letter in "\n\t" else "�" for letter in text)
