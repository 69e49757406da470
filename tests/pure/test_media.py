"""Files as they are sent, honest and not, and what the record accepts of them."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aftersales.record import media
from aftersales.record.media import Media, RefusedFile, display_name, inspect, thumbnail
from aftersales.record.printing import render

pytestmark = pytest.mark.pure

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red").save(out, kind, **options)
    return out.getvalue()


def package(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


WORKBOOK = package("[Content_Types].xml", "xl/workbook.xml")
LETTER = package("[Content_Types].xml", "word/document.xml")
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (picture(), "现场照片.jpg", "image/jpeg"),
        (picture("PNG"), "铭牌.PNG", "image/png"),
        (picture("WEBP"), "a.webp", "image/webp"),
        (b"%PDF-1.7\n%%EOF", "维修作业指导书.pdf", "application/pdf"),
        (FILM, "报警.mp4", "video/mp4"),
        (WORKBOOK, "备件.xlsx", XLSX),
        (LETTER, "说明.docx", DOCX),
        ("序列号,故障\nA1,无法开机\n".encode(), "导出.csv", "text/csv"),
        ("序列号,故障\nA1,无法开机\n".encode("gb18030"), "导出.CSV", "text/csv"),
        (b"09:12 E07 compressor < 40 %\r\n", "alarm.log", "text/plain"),
    ],
)
def test_permitted_files_are_known_by_their_content_and_keep_their_names(data: bytes, name: str, media_type: str):
    found = inspect(data, name)
    assert (found.name, found.media_type, found.size) == (name, media_type, len(data))


def test_a_picture_under_a_wrong_name_gets_the_right_extension():
    assert inspect(picture("PNG"), "报告.pdf.exe") == Media("报告.pdf.png", "image/png", len(picture("PNG")), 60, 40)


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jpg", "a.pdf", "a.xlsx", "a.html", "a"])
@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><p>hello</p>",
        b"  <svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xef\xbb\xbf<html></html>",
        b"harmless,<script>alert(1)</script>",
        b"#!/bin/sh\nrm -rf ~",
        b"<?php echo 1;",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"%!PS-Adobe-3.0",
        package("index.html"),
        package("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"),
        b"PK\x03\x04 broken",
        b"\x00\x00\x00\x18ftypqt  \x00\x00",
        b"GIF89a" + bytes(20),
        b"",
    ],
)
def test_pages_scripts_and_programs_are_refused_under_every_name(data: bytes, name: str):
    with pytest.raises(RefusedFile):
        inspect(data, name)


@pytest.mark.parametrize("name", ["a.html", "a.js", "a.svg", "a.bat", "csv", "a"])
def test_text_must_be_called_text(name: str):
    with pytest.raises(RefusedFile):
        inspect(b"start calc.exe", name)


def test_heic_is_refused_with_the_way_out():
    with pytest.raises(RefusedFile, match="JPEG"):
        inspect(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "IMG_0001.HEIC")


def test_a_file_above_the_limit_of_its_kind_is_refused(monkeypatch: pytest.MonkeyPatch):
    text = b"a" * media.TEXT.limit
    assert inspect(text, "a.txt").size == media.TEXT.limit
    with pytest.raises(RefusedFile) as refused:
        inspect(text + b"a", "a.txt")
    assert refused.value.parameters == {"megabytes": 10}


@pytest.mark.parametrize("size", [(9000, 9000), (20000, 20000)])
def test_a_small_file_that_decodes_into_a_flood_of_pixels_is_refused(size: tuple[int, int]):
    bomb = picture("PNG", size, mode="1")
    assert len(bomb) < 100_000
    with pytest.raises(RefusedFile, match="million pixels"):
        inspect(bomb, "a.png")
    with pytest.raises(RefusedFile, match="million pixels"):
        thumbnail(bomb)


def test_a_workbook_that_unpacks_into_a_flood_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media, "UNPACKED_LIMIT", 1)
    with pytest.raises(RefusedFile, match="unpacks"):
        inspect(WORKBOOK, "a.xlsx")


def test_a_picture_cut_off_in_the_middle_is_refused():
    assert render.PRODUCER.startswith("WeasyPrint")  # loaded beside us, as in the program: it would let half a picture pass
    whole = picture(size=(900, 900))
    with pytest.raises(RefusedFile, match="damaged"):
        inspect(whole[: len(whole) // 2], "a.jpg")


def test_a_thumbnail_is_a_small_upright_jpeg_that_tells_no_place():
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Invented Camera"
    exif[GPS] = {1: "N", 2: (31.0, 14.0, 0.0)}
    original = picture(size=(1000, 500), exif=exif)
    assert (inspect(original, "a.jpg").width, inspect(original, "a.jpg").height) == (500, 1000)

    small = thumbnail(original)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("JPEG", (160, 320))
        assert not dict(image.getexif())
    assert b"Invented" not in small
    assert b"Exif" not in small


def test_a_transparent_picture_gets_a_white_ground():
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(thumbnail(out.getvalue()))) as image:
        assert image.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("维修作业指导书.pdf", "维修作业指导书.pdf"),
        ("C:\\报告\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("照片\u202egpj.exe", "照片gpj.exe"),
        ('a<b>:"c".pdf', "a_b___c_.pdf"),
        ("\x00\r\n", "file"),
        (".htaccess", "htaccess"),
        ("很" * 300 + ".pdf", "很" * 100 + ".pdf"),
    ],
)
def test_names_are_shown_without_paths_and_hidden_signs(given_name: str, shown: str):
    assert display_name(given_name) == shown


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_kept_or_refused_and_nothing_else(data: bytes, name: str):
    with suppress(RefusedFile):
        assert "/" not in inspect(data, name).name
