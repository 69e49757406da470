"""The metadata of a package keep to what is known of DA/T 46-2009, and metadata that do not are never written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from aftersales.archives.contents import ArchivedFile
from aftersales.packages.elements import ELEMENTS, ROOT, Element, faults
from aftersales.packages.metadata import Description, MetadataError, Seal, Signed, metadata_xml
from aftersales.record.actor import SYSTEM

GUIDE = (Path(__file__).parents[2] / "docs/archive-format.md").read_text("utf-8")
AT = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
PAPER = ArchivedFile("SO.pdf", "paper", "0" * 64, "application/pdf", 1000)
ABOUT = Description(
    company="示例公司", region="总部", archive_no="AR-HD-2026-000012", record_no="SO-HD-2026-000001", kind="维修工单", title="维修服务报告",
    recorded_on=date(2026, 8, 1), sealed_at=AT, sealed_by="吴红梅", archived_at=AT, packed_at=AT, retention_class="质量管理体系记录",
    term="2041-03-01", paper_place="一号库 · 3", content_hash="1" * 64, fingerprint="2" * 64, pages=2,
    files={"papers/SO.pdf": PAPER, "attachments/a.jpg": replace(PAPER, role="attachment", media_type="image/jpeg")},
    signatures=[Signed("批准", "褚承泽", "密码", AT), Signed("提醒", SYSTEM.name, "系统", AT)],
    seals={"papers/SO.pdf": Seal("示例公司", AT, b"value", b"certificate", "1.2.840.113549.1.1.11")},
)  # fmt: skip
ALL = [(holder, element) for holder, elements in ELEMENTS.items() for element in elements]
NAMES = [f"{holder}/{element.name}" for holder, element in ALL]


def written(about: Description = ABOUT) -> xml.Element:
    return xml.fromstring(metadata_xml(about))


def places(root: xml.Element, holder: str, name: str) -> Iterator[tuple[xml.Element, xml.Element]]:
    for one in root.iter(holder):
        for child in one.findall(name):
            yield one, child


def test_the_table_has_all_88_elements_once() -> None:
    numbers = Counter(element.no for _holder, element in ALL if element.no and int(element.no[1:]) < 200)
    assert numbers == Counter(f"M{number}" for number in range(1, 89))


@pytest.mark.parametrize(("holder", "element"), ALL, ids=NAMES)
def test_what_is_written_is_what_the_table_and_the_guide_say(holder: str, element: Element) -> None:
    is_written = any(places(written(), holder, element.name))
    assert is_written == bool(not element.left and holder in {ROOT, *(one.tag for one in written().iter())})
    if is_written and element.name not in ELEMENTS:
        assert element.origin
    if element.no:
        row = next(line for line in GUIDE.splitlines() if line.startswith(f"| {element.no} {element.name} | {holder} |"))
        assert ("| 必选" in row, "可重复 |" in row) == (element.need == "must", element.repeats)
        assert (element.left or element.origin) in row


@pytest.mark.parametrize(("holder", "element"), ALL, ids=NAMES)
def test_an_obligatory_element_that_is_taken_away_or_empty_is_a_fault(holder: str, element: Element) -> None:
    root = written()
    assert faults(root) == []
    found = list(places(root, holder, element.name))
    assert found or element.left
    for one, child in found:
        one.remove(child)
    assert (f"{holder}/{element.name}: wanting" in faults(root)) == bool(found and element.need == "must")
    root = written()
    for _one, child in places(root, holder, element.name):
        child.text, child[:] = None, []
    assert any(fault.startswith(f"{holder}/{element.name}: ") for fault in faults(root)) == bool(found)


@pytest.mark.parametrize(("holder", "element"), [pair for pair in ALL if pair[1].values or pair[1].form])
def test_a_value_out_of_range_is_a_fault(holder: str, element: Element) -> None:
    root = written()
    for _one, child in places(root, holder, element.name):
        child.text = "内部？"
        assert faults(root)[0] == f"{holder}/{element.name}: 内部？"


def test_what_is_unknown_twice_or_out_of_order_is_a_fault() -> None:
    root = written()
    content = root.find("文件实体/内容描述")
    xml.SubElement(content, "签名含义").text = "批准"
    assert faults(root) == ["内容描述/签名含义: unknown"]
    content.remove(content[-1])
    content.append(content[0])
    assert faults(root) == ["内容描述/order", "内容描述/题名: 2 times"]


@pytest.mark.parametrize("wrong", [{"company": ""}, {"title": " "}, {"files": {}}, {"files": {"papers/SO.pdf": replace(PAPER, size=None)}}])
def test_metadata_at_fault_are_not_written(wrong: dict) -> None:
    with pytest.raises(MetadataError, match="AR-HD-2026-000012"):
        metadata_xml(replace(ABOUT, **wrong))


def test_a_signature_has_its_value_and_a_person_has_a_deed() -> None:
    root = written()
    assert root.findtext("文件实体/电子签名/签名结果") == "dmFsdWU="
    assert root.findtext("文件实体/电子签名/证书") == "Y2VydGlmaWNhdGU="
    hands = {
        one.findtext("机构人员标识符"): (one.findtext("机构人员名称"), one.findtext("机构人员类型")) for one in root.iter("机构人员实体")
    }
    assert list(hands.values()) == [("示例公司", "单位"), ("褚承泽", "个人"), ("吴红梅", "个人")]
    deeds = list(root.iter("业务实体"))
    done = [(deed.findtext("业务行为"), hands[deed.findtext("机构人员标识符")][0], deed.findtext("行为描述")) for deed in deeds]
    assert done == [
        ("签署", "褚承泽", "批准；密码"), ("签署", "示例公司", "提醒；系统"), ("封存", "吴红梅", None), ("归档", "示例公司", None),
        ("打包", "示例公司", None),
    ]  # fmt: skip
    assert root.findtext("文件实体/档号").strip() == "AR-HD-2026-000012"
    assert (root.findtext("文件实体/档号/室编件号"), root.findtext("文件实体/档号/保管期限")) == ("12", "至2041-03-01")
    assert root.findtext("文件实体/内容描述/密级") == "限制"
    assert root.findtext("文件实体/附注") == "纸质原件：一号库 · 3"


def test_what_was_sealed_again_says_so() -> None:
    root = written(replace(ABOUT, sealed_at=AT + timedelta(days=1), packed_at=AT + timedelta(days=2)))
    done = [(deed.findtext("业务行为"), deed.findtext("行为描述")) for deed in root.iter("业务实体")]
    assert done[-3:] == [("归档", None), ("封存", "归档后重新打开，再次封存"), ("打包", None)]


def test_without_paper_signature_or_pages_nothing_is_made_up() -> None:
    root = written(replace(ABOUT, seals={}, signatures=[], pages=0, paper_place=""))
    for name in ("电子签名", "页数", "附注"):
        assert list(root.iter(name)) == []
