"""The clauses of PDF/A-3b (ISO 19005-3) that our documents could break, checked on the file with pikepdf. Not a full validator."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pikepdf

from .words import Problem

_PDFAID = "{http://www.aiim.org/pdfa/ns/id/}"
_ACTIONS = {
    *("/JavaScript", "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData"),
    *("/Hide", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView"),
}
_RELATIONSHIPS = ("/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified")
_PRINT, _INVISIBLE_FLAGS = 1 << 2, 1 << 0 | 1 << 1 | 1 << 5 | 1 << 8


def pdfa_problems(pdf: pikepdf.Pdf) -> tuple[Problem, ...]:
    """What keeps the open file from being PDF/A-3b, as far as these clauses tell."""
    return (*_of_the_file(pdf), *_of_the_objects(pdf), *_of_the_pages(pdf))


def _of_the_file(pdf: pikepdf.Pdf) -> Iterator[Problem]:
    if pdf.is_encrypted:
        yield Problem("pdfa_encrypted")
    identifier = pdf.trailer.get("/ID")
    if identifier is None or len(identifier) != 2 or not all(bytes(part) for part in identifier):
        yield Problem("pdfa_trailer_id")
    yield from _identification(pdf)
    intents = pdf.Root.get("/OutputIntents", ())
    if not any(intent.get("/S") == "/GTS_PDFA1" and _is_icc(intent.get("/DestOutputProfile")) for intent in intents):
        yield Problem("pdfa_output_intent")
    if "/AA" in pdf.Root:
        yield Problem("pdfa_script", "AA")
    if "/Names" in pdf.Root and "/JavaScript" in pdf.Root.Names:
        yield Problem("pdfa_script", "JavaScript")
    if "/NeedAppearances" in pdf.Root.get("/AcroForm", {}) and pdf.Root.AcroForm.NeedAppearances:
        yield Problem("pdfa_annotation", "NeedAppearances")


def _identification(pdf: pikepdf.Pdf) -> Iterator[Problem]:
    metadata = pdf.Root.get("/Metadata")
    if metadata is None or "/Filter" in metadata:
        yield Problem("pdfa_metadata")
        return
    try:
        tree = ElementTree.fromstring(metadata.read_bytes())
    except ElementTree.ParseError as error:
        yield Problem("pdfa_metadata", str(error))
        return
    stated = [_stated(tree, name) for name in ("part", "conformance")]
    if stated != [{"3"}, {"B"}]:
        yield Problem("pdfa_identification", str(stated))


def _stated(tree: ElementTree.Element, name: str) -> set[str]:
    """XMP may write a property as an attribute or as an element."""
    written = {element.get(_PDFAID + name) for element in tree.iter()} | {element.text for element in tree.iter(_PDFAID + name)}
    return {value for value in written if value}


def _is_icc(profile: pikepdf.Object | None) -> bool:
    return isinstance(profile, pikepdf.Stream) and profile.read_bytes()[36:40] == b"acsp"


def _of_the_objects(pdf: pikepdf.Pdf) -> Iterator[Problem]:
    attached = {item.objgen for item in pdf.Root.get("/AF", ())}
    for item in pdf.objects:
        if not isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            continue
        kind = item.get("/Type")
        if kind == "/Font":
            yield from _font(item)
        elif kind == "/Filespec" and (item.objgen not in attached or not _states_relationship(item)):
            yield Problem("pdfa_attachment", str(item.get("/UF", "")))
        elif kind == "/Annot":
            yield from _annotation(item)
        if item.get("/S") in _ACTIONS:
            yield Problem("pdfa_script", str(item.S))
        if isinstance(item, pikepdf.Stream):
            if item.get("/Interpolate", False):
                yield Problem("pdfa_image")
            if "/F" in item:
                yield Problem("pdfa_external")
            if item.get("/Subtype") == "/PS" or "/OPI" in item or "/Ref" in item:
                yield Problem("pdfa_external", str(item.get("/Subtype", "")))


def _states_relationship(attachment: pikepdf.Object) -> bool:
    return attachment.get("/AFRelationship") in _RELATIONSHIPS and "/F" in attachment and "/UF" in attachment


def _font(font: pikepdf.Object) -> Iterator[Problem]:
    if font.get("/Subtype") in ("/Type0", "/Type3"):
        return
    descriptor = font.get("/FontDescriptor", {})
    if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
        yield Problem("pdfa_font", str(font.get("/BaseFont", "")))


def _annotation(annotation: pikepdf.Object) -> Iterator[Problem]:
    flags = int(annotation.get("/F", 0))
    left, bottom, right, top = (float(edge) for edge in annotation.Rect)
    needs_appearance = annotation.get("/Subtype") not in ("/Popup", "/Link") and left != right and bottom != top
    if not flags & _PRINT or flags & _INVISIBLE_FLAGS or (needs_appearance and "/AP" not in annotation):
        yield Problem("pdfa_annotation", str(annotation.get("/Subtype", "")))


def _of_the_pages(pdf: pikepdf.Pdf) -> Iterator[Problem]:
    """Transparency blends in the colour space of the page's group, or else of the output intent, which must then be there (6.2.10)."""
    if "/OutputIntents" in pdf.Root:
        return
    for number, page in enumerate(pdf.pages, start=1):
        states = page.get("/Resources", {}).get("/ExtGState", {})
        if any(_see_through(state) for state in states.values()) and "/CS" not in page.get("/Group", {}):
            yield Problem("pdfa_transparency", str(number))


def _see_through(state: pikepdf.Object) -> bool:
    return state.get("/ca", 1) != 1 or state.get("/CA", 1) != 1 or state.get("/SMask", "/None") != "/None"
