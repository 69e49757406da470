"""The Chinese type of printed documents: Noto Sans CJK SC in two weights, cut once to what documents need.

The family as Debian ships it is one CFF collection of 65,535 glyphs; embedding from it costs 160–300 KB a page. Cut once to the
GB 2312 repertoire with TrueType outlines, a page embeds 30–50 KB in real regular and bold, and every PDF/A checker knows the font
format. Rare characters (names above all) fall through to `FALLBACKS`, whole families installed on the machine.
"""

import fcntl
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

FAMILY = "Record Sans"
FALLBACKS = ("WenQuanYi Micro Hei", "Droid Sans Fallback", "Noto Sans CJK SC")
WEIGHTS = {"Regular": 400, "Bold": 700}
SOURCE_FOLDERS = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"), Path("/usr/share/fonts/google-noto-cjk"))
SOURCE_FACE = "Noto Sans CJK SC"
CACHE_VARIABLE = "AFTERSALES_FONT_FOLDER"
DEFAULT_CACHE = Path(__file__).resolve().parents[3] / "instance" / "fonts"
MAX_CURVE_ERROR = 2.0
"""In thousandths of the em: the quadratic outline stays this close to the cubic one, a fiftieth of a point at text size."""


class FontMissingError(FileNotFoundError):
    """No Chinese typeface to build from; the message names the package to install."""


def document_fonts() -> dict[int, Path]:
    """Weight → TrueType file, built on first use (about ten seconds, once per machine) and safe to call from many processes.

    Raises FontMissingError where fonts-noto-cjk is not installed.
    """
    folder = Path(os.environ.get(CACHE_VARIABLE) or DEFAULT_CACHE)
    faces = {weight: folder / f"record-sans-{style.lower()}.ttf" for style, weight in WEIGHTS.items()}
    if not all(path.exists() for path in faces.values()):
        _build(folder, faces)
    return faces


def font_face_css() -> str:
    """The @font-face rules and the family of everything, the pages' margin boxes too: they would embed a family of their own."""
    faces = (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; src: url("{path.as_uri()}"); }}'
        for weight, path in document_fonts().items()
    )
    return "\n".join((*faces, f":root {{ font-family: {font_stack()}; }}", f"@page {{ font-family: {font_stack()}; }}"))


def font_stack() -> str:
    return ", ".join(f'"{name}"' for name in (FAMILY, *FALLBACKS))


def _build(folder: Path, faces: dict[int, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [(style, faces[weight]) for style, weight in WEIGHTS.items() if not faces[weight].exists()]
        if not missing:
            return
        # Fresh processes: a fork of a threaded web worker may inherit a held lock, and both weights are cut at once.
        root = Path(__file__).resolve().parents[3]
        running = [subprocess.Popen([sys.executable, "-m", __name__, style, str(path)], cwd=root) for style, path in missing]
        failed = [process.args for process in running if process.wait() != 0]
        if failed:
            raise FontMissingError(f"the document fonts could not be built, see the message above: {failed}")


def cut_font(style: str, target: Path) -> None:
    """Write one weight to `target`, which appears whole or not at all."""
    source = _source(style)
    cmap = source.getBestCmap()
    glyph_of = {code: cmap[code] for code in _repertoire() if code in cmap}
    outlines = source.getGlyphSet()
    order = [".notdef", *sorted(set(glyph_of.values()) - {".notdef"}, key=source.getGlyphID)]
    glyphs = {name: _quadratic(outlines[name]) for name in order}
    builder = FontBuilder(source["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(glyph_of)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (source["hmtx"][name][0], getattr(glyphs[name], "xMin", 0)) for name in order})
    builder.setupHorizontalHeader(ascent=880, descent=-120)  # the ideographic box, so that line boxes are exactly one em
    builder.setupNameTable(
        {
            "familyName": FAMILY,
            "styleName": style,
            "psName": f"RecordSans-{style}",
            "licenseDescription": source["name"].getDebugName(13) or "",
        }
    )
    builder.setupOS2(usWeightClass=WEIGHTS[style], sTypoAscender=880, sTypoDescender=-120, usWinAscent=1160, usWinDescent=288, fsType=0)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=0, modified=0)  # no clock in the font: the same document is the same bytes on every machine
    builder.font.recalcTimestamp = False
    draft = target.with_suffix(f".{os.getpid()}")
    builder.save(draft)
    draft.replace(target)


def _quadratic(outline: object) -> object:
    pen = TTGlyphPen(None)
    outline.draw(Cu2QuPen(pen, MAX_CURVE_ERROR, reverse_direction=True))
    return pen.glyph()


def _source(style: str) -> TTFont:
    for folder in SOURCE_FOLDERS:
        path = folder / f"NotoSansCJK-{style}.ttc"
        if path.exists():
            names = [face["name"].getDebugName(1) for face in TTCollection(path, lazy=True).fonts]
            return TTFont(path, fontNumber=names.index(SOURCE_FACE), lazy=True)
    raise FontMissingError(f"NotoSansCJK-{style}.ttc is not installed: install the package fonts-noto-cjk (Debian) or noto-cjk")


@functools.cache
def _repertoire() -> frozenset[int]:
    """Code points: GB 2312 whole, Latin with its accents, full-width forms and the signs that service reports use."""
    signs = "–—‘’“”•…‰€℃℉№™Ω←↑→↓≈≠≤≥■□▲△●○★☆☐☑☒✓✗㎡㎥㎎㎏㎜㎝㏄①②③④⑤⑥⑦⑧⑨⑩"
    latin = (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2070, 0x2090))
    wide = (*range(0x3000, 0x3020), *range(0xFF01, 0xFF5F))
    return frozenset({*map(ord, signs), *map(ord, "".join(_gb2312())), *latin, *wide})


def _gb2312() -> Iterator[str]:
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            yield bytes((high, low)).decode("gb2312", "ignore")


if __name__ == "__main__":
    cut_font(sys.argv[1], Path(sys.argv[2]))
