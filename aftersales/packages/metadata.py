"""metadata.xml of a package: the elements of DA/T 46-2009 that this program can fill from what it knows. Pure.

Names and order down to 文种 were compared with the published table of contents (clauses 5.1 to 5.5.13), the others with a public schema of
packages by DA/T 48; obligations were not, and no conformity is claimed. docs/archive-format.md lists which element comes from where, and
which are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree as xml

from aftersales.archives.contents import ArchivedFile

LISTED = ("files", "signatures", "seals", "packed_at")  # told in another form, or elsewhere
SAYS = "元素名称参照 DA/T 46-2009《文书类电子文件元数据方案》，名称与公开目次、公开的 DA/T 48 结构核对，不声明符合该标准。"


@dataclass(frozen=True)
class Signed:
    """One signature: what for (or of which file), by whom, how, when; of a file's also the certificate's SHA-256."""

    meaning: str
    signer: str
    method: str
    at: datetime
    certificate: str = ""

    def to_json(self) -> dict[str, str]:
        return vars(self) | {"at": self.at.isoformat()}


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
    root = xml.Element("电子文件元数据", {"参照": "DA/T 46-2009", "说明": SAYS})
    entity = xml.SubElement(root, "文件实体")
    _fill(entity, {"聚合层次": "文件", "来源": {"立档单位名称": about.company}, "电子文件号": about.archive_no})
    year = str(about.recorded_on.year)
    _fill(entity, {"档号": {"年度": year, "保管期限": about.term, "机构或问题": about.region, "室编件号": about.archive_no}})
    content = {
        "题名": about.title, "分类号": about.retention_class, "文件编号": about.record_no, "责任者": about.sealed_by,
        "日期": about.recorded_on.isoformat(), "文种": about.kind,
    }  # fmt: skip
    _fill(entity, {"内容描述": content, "形式特征": _form(about)})
    for path, file in about.files.items():
        size = {} if file.size is None else {"计算机文件大小": str(file.size)}
        _fill(entity, {"电子属性": {"格式信息": file.media_type, "计算机文件名": f"data/{path}", **size, "SHA-256": file.sha256}})
    for signed in (*about.seals.values(), *about.signatures):
        told = {"签名规则": signed.method, "签名时间": signed.at.isoformat(), "签名人": signed.signer, "签名含义": signed.meaning}
        _fill(entity, {"电子签名": told | ({"证书引证": f"SHA-256 {signed.certificate}"} if signed.certificate else {})})
    _fill(entity, {"存储位置": {"当前位置": about.place}})
    hands = {about.company: "单位", about.sealed_by: "个人"}
    numbers = {name: str(number) for number, name in enumerate(hands, 1)}
    for done, at, by in (("封存", about.sealed_at, about.sealed_by), ("归档", about.archived_at, ""), ("打包", about.packed_at, "")):
        hand = {"机构人员标识符": numbers[by or about.company]}
        _fill(root, {"业务实体": hand | {"业务状态": "历史行为", "业务行为": done, "行为时间": at.isoformat()}})
    for name, kind in hands.items():
        _fill(root, {"机构人员实体": {"机构人员标识符": numbers[name], "机构人员类型": kind, "机构人员名称": name}})
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)


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
