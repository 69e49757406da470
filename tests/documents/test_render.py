"""From HTML to PDF/A: what is on the page, what is refused, how large it gets."""

import base64
import io
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import pikepdf
import pytest
from weasyprint import HTML

from aftersales.record.printing.columns import MARK, _columns
from aftersales.record.printing.fonts import document_fonts
from aftersales.record.printing.pdfa import pdfa_problems
from aftersales.record.printing.qr import qr_svg
from aftersales.record.printing.render import PRINT_CSS, RenderingError, _Page, render_pdf

from .sample import CREATED, IDENTIFIER, LONG_HOSPITAL, RECORD, sample_pdf

pytestmark = pytest.mark.pure


def printed(html: str, **other: object) -> bytes:
    return render_pdf(html, **{"identifier": IDENTIFIER, "record": RECORD, "created": CREATED, "title": "t", **other})


def text_of(path: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout


def test_a_second_rendering_is_byte_equal(report: bytes) -> None:
    assert sample_pdf() == report


def test_the_rules_of_a_browser_that_are_left_out_change_no_paper(report: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<h1 id='x'>章</h1><ol><li>甲<ul><li>乙</ul><li><q>丙</q><br>丁</ol><dl><dt>戊<dd>己</dl><blockquote><a href='#x'>庚</a><hr>"
    ours = printed(text)
    monkeypatch.setattr(_Page, "_ua_stylesheets", HTML._ua_stylesheets)
    assert (sample_pdf(), printed(text)) == (report, ours)


@pytest.mark.parametrize("variation", [{}, {"measurements": 70, "mark": "void"}, {"measurements": 4, "hospital": "南湖医院"}], ids=str)
def test_a_report_breaks_no_clause_of_pdf_a_3b(variation: dict[str, object]) -> None:
    with pikepdf.open(io.BytesIO(sample_pdf(**variation))) as pdf:
        assert pdfa_problems(pdf) == ()


@pytest.mark.parametrize(("variation", "pages"), [({"measurements": 4, "hospital": "南湖医院"}, 1), ({"measurements": 70}, 3)], ids=str)
def test_a_short_report_takes_one_page_and_a_long_one_three(variation: dict[str, object], pages: int) -> None:
    with pikepdf.open(io.BytesIO(sample_pdf(**variation))) as pdf:
        assert len(pdf.pages) == pages


def test_a_page_of_chinese_with_bold_headings_stays_under_100_kb_even_signed(sealed: bytes) -> None:
    assert len(sealed) < 100_000


def test_every_page_carries_the_table_head_the_page_number_and_the_code(file_of: Callable[[bytes], Path]) -> None:
    pages = text_of(file_of(sample_pdf(measurements=70))).rstrip("\f").split("\f")
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert "允许范围" in page
        assert f"第{number}页共3页" in "".join(page.split())
        assert "4821 7093 5526" in page
        assert "SO-2026-000318" in page


def test_a_long_name_is_printed_whole(report: bytes, file_of: Callable[[bytes], Path]) -> None:
    assert LONG_HOSPITAL in "".join(text_of(file_of(report)).split())


@pytest.mark.parametrize(("mark", "words"), [("void", "作废"), ("reference", "仅供参考"), ("uncontrolled", "非受控")])
def test_a_marked_copy_says_so_on_every_page(mark: str, words: str, file_of: Callable[[bytes], Path]) -> None:
    pages = text_of(file_of(sample_pdf(mark=mark))).rstrip("\f").split("\f")
    assert len(pages) == 2
    assert all(set(words) <= set(page) for page in pages)


def test_the_record_is_attached_as_data(report: bytes) -> None:
    with pikepdf.open(io.BytesIO(report)) as pdf:
        assert pdf.attachments["record.json"].get_file().read_bytes() == RECORD
        assert [str(item.AFRelationship) for item in pdf.Root.AF] == ["/Data"]


def test_text_in_two_weights_embeds_two_cuts_of_one_family(file_of: Callable[[bytes], Path]) -> None:
    fonts = subprocess.run(["pdffonts", file_of(printed("<h1>报告</h1><p>正文 123"))], capture_output=True, text=True, check=True).stdout
    assert fonts.count("Record-Sans") == len(fonts.splitlines()) - 2 == 2
    assert set(document_fonts()) == {400, 700}


def test_a_drawing_is_written_in_the_family_of_the_page(file_of: Callable[[bytes], Path]) -> None:
    drawing = '<svg viewBox="0 0 99 40"><text x="1" y="20">直接原因</text><text x="1" y="39" font-weight="700">根本原因</text></svg>'
    fonts = subprocess.run(["pdffonts", file_of(printed(drawing))], capture_output=True, text=True, check=True).stdout
    assert fonts.count("Record-Sans") == len(fonts.splitlines()) - 2 >= 1


def test_a_rare_character_of_a_name_is_printed_from_another_family(file_of: Callable[[bytes], Path]) -> None:
    assert "赵㛃" in text_of(file_of(printed("<p>赵㛃")))


@pytest.mark.parametrize(
    "html",
    [
        "<img src='http://192.0.2.1/x.png'>",
        "<img src='https://example.com/x.png'>",
        "<img src='file:///etc/hostname'>",
        "<img src='../../config.py'>",
        "<img src='missing.png'>",
        "<img src='data:image/png;base64,AAAA'>",
        "<link rel=stylesheet href='https://example.com/x.css'>",
        "<style>@import 'file:///etc/x.css'; </style>",
        "<style>body { background: url(https://example.com/x.png) }</style>x",
        "<link rel=attachment href='file:///etc/hostname'>",
        "<svg><image href='file:///etc/hostname' width=1 height=1 /></svg>",
    ],
)
def test_anything_but_our_own_files_and_data_fails_the_rendering(html: str) -> None:
    with pytest.raises(RenderingError):
        printed(html)


def test_a_picture_given_as_data_and_our_own_stylesheet_are_printed() -> None:
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    assert base64.b64decode(dot)
    assert printed(f"<link rel=stylesheet href='{PRINT_CSS.name}'><img alt='' src='data:image/png;base64,{dot}'>").startswith(b"%PDF-1.7")


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        printed("<p>x", created=datetime(2026, 1, 1))


def test_a_qr_code_is_inline_svg_without_a_namespace_or_size() -> None:
    svg = qr_svg("https://service.example/v/4821-7093-5526")
    assert svg.startswith("<svg viewBox=")
    assert 'class="qr"' in svg
    assert "http" not in svg


def test_every_fault_that_pdf_a_forbids_is_named() -> None:
    with pikepdf.open(io.BytesIO(sample_pdf(measurements=4))) as pdf:
        pdf.Root.OutputIntents = pikepdf.Array()
        pdf.Root.Names.JavaScript = pikepdf.Dictionary(Names=pikepdf.Array())
        pdf.Root.AF = pikepdf.Array()
        del pdf.Root.Metadata
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
                del item.FontFile2
        del pdf.trailer.ID
        codes = {problem.code for problem in pdfa_problems(pdf)}
    assert codes == {"pdfa_output_intent", "pdfa_script", "pdfa_attachment", "pdfa_metadata", "pdfa_font", "pdfa_trailer_id"}


def test_a_list_that_goes_on_after_a_table_keeps_counting(file_of: Callable[[bytes], Path]) -> None:
    html = "<ol><li>甲</ol><table><tr><td>乙</table><ol start='2'><li>丙<li>丁</ol>"
    assert text_of(file_of(printed(html))).split() == ["1.", "甲", "乙", "2.", "丙", "3.", "丁"]


def test_a_column_of_short_words_is_not_broken_beside_long_sentences(file_of: Callable[[bytes], Path]) -> None:
    long = "定期作恢复测试，核对记录可读、文件完整并形成恢复测试记录。" * 3
    rows = "".join(f"<tr><td>{name}<td>{long}<td>系统管理员、质量部" for name in ("员工签名", "归档文件"))
    text = text_of(file_of(printed(f"<table class='listing'><thead><tr><th>要求<th>做法<th>责任</thead><tbody>{rows}</table>")))
    assert (text.count("员工签名"), text.count("系统管理员、质量部")) == (1, 2)


def test_a_verdict_that_failed_has_room_for_its_mark() -> None:
    table = Element("table")
    for verdict in ("不合格", "合格"):
        SubElement(SubElement(table, "tr"), "td", {"class": "verdict"}).text = verdict
    assert _columns(table) == [(3 + MARK, 3 + MARK)]
