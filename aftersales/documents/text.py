"""The text of a document: Markdown with tables, figures and live parts, as a page and as paper, and the difference between two of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from urllib.parse import unquote

from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from aftersales.documents.live import PART, Table

ARROW = 26  # pixels between two boxes of a flow
BOX, WIDE = 30, 300
SHORT = 8  # characters
LONGEST_MARKED = 2000


@cache
def _markdown() -> MarkdownIt:
    """No HTML of the writer's gets through: tags are shown as they are typed. Links of other than web and mail addresses are no links,
    and a figure is one of our own files or none."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("image", _figure)
    return markdown


def html_of(body: str, say: Callable[[str], Table], figure: Callable[[str], str | None]) -> Markup:
    """The text as HTML. `say` tells what a live part says, `figure` gives the picture of a name as a data: URI."""
    pieces, at = [], 0
    for match in PART.finditer(body):
        pieces.append(_prose(body[at : match.start()], figure))
        pieces.append(table_html(say(" ".join(filter(None, match.groups())))))
        at = match.end()
    return Markup("").join([*pieces, _prose(body[at:], figure)])


def figures_in(body: str) -> list[str]:
    """The names of the pictures that a text shows, in order, each once."""
    inside = [child for token in _markdown().parse(PART.sub("", body)) for child in token.children or ()]
    return list(dict.fromkeys(_name_of(token) for token in inside if token.type == "image"))


def _prose(text: str, figure: Callable[[str], str | None]) -> Markup:
    return Markup(_markdown().render(text, {"figure": figure}))


def _name_of(image: Token) -> str:
    return unquote(str(image.attrs["src"]))


def _figure(_renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    """Inline, because Markdown puts it into a paragraph; the style sheets make a block of it."""
    name, caption = _name_of(tokens[index]), tokens[index].content
    uri = env["figure"](name)
    if uri is None:
        return Markup('<span class="figure missing">{}</span>').format(_("No picture “%(name)s” is filed on this version.", name=name))
    shown = Markup('<span class="caption">{}</span>').format(caption) if caption else ""
    return Markup('<span class="figure"><img src="{}" alt="{}">{}</span>').format(uri, caption or name, shown)


def table_html(table: Table) -> Markup:
    drawn = _flow_svg(table.steps) if table.steps else Markup("")
    if not table.heads:
        return drawn
    if len(table.heads) == 1:  # choices: a column of words would fill half a page
        return Markup("<p><b>{}</b> {}</p>").format(table.heads[0], " · ".join(row[0] for row in table.rows) or "—")
    heads = Markup("").join(Markup("<th>{}</th>").format(head) for head in table.heads)
    rows = Markup("").join(Markup("<tr>{}</tr>").format(Markup("").join(_cell(text) for text in row)) for row in table.rows)
    empty = Markup('<tr><td colspan="{}">—</td></tr>').format(len(table.heads))
    return drawn + Markup('<table class="live"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(heads, rows or empty)


def _cell(text: str) -> Markup:
    """Short words are not broken: a column of them would be one character wide beside long sentences."""
    return Markup('<td class="short">{}</td>' if len(text) <= SHORT else "<td>{}</td>").format(text or "—")


def _flow_svg(steps: tuple[tuple[str, str], ...]) -> Markup:
    """The main way of a workflow, top to bottom: states in boxes, what leads on beside the arrows.

    Looks stand in attributes, because paper's SVG sees no style sheet; on a screen the style sheet overrides them.
    """
    parts, middle = [], WIDE // 2
    for index, (state, onward) in enumerate(steps):
        top = index * (BOX + ARROW) + 1
        parts.append(Markup('<rect x="{}" y="{}" width="140" height="{}" rx="4" fill="none" stroke="#000"/>').format(middle - 70, top, BOX))
        parts.append(Markup('<text x="{}" y="{}" text-anchor="middle" font-size="13">{}</text>').format(middle, top + 19, state))
        if index < len(steps) - 1:
            below, tip = top + BOX, top + BOX + ARROW
            arrow = Markup('<path d="M{0} {1}V{2}M{3} {4}L{0} {2}L{5} {4}" fill="none" stroke="#000"/>')
            parts.append(arrow.format(middle, below, tip, middle - 4, tip - 6, middle + 4))
            parts.append(Markup('<text class="onward" x="{}" y="{}" font-size="12">{}</text>').format(middle + 10, below + 17, onward))
    height = len(steps) * (BOX + ARROW) - ARROW + 2
    return Markup('<svg class="flow" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        WIDE, height, " → ".join(state for state, _onward in steps), Markup("").join(parts)
    )


@dataclass(frozen=True)
class Line:
    """A line of a comparison: `kind` is "same", "added", "removed" or "changed"; `html` marks what differs within it."""

    kind: str
    html: Markup


def differences(old: str, new: str) -> Iterator[Line]:
    """Line by line what was taken out and put in; within a changed line, character by character."""
    before, after = old.splitlines(), new.splitlines()
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line("same", escape(line)) for line in before[a:b])
            continue
        paired = min(b - a, d - c)
        yield from (Line("changed", _marked(x, y)) for x, y in zip(before[a : a + paired], after[c : c + paired], strict=True))
        yield from (Line("removed", Markup("<del>{}</del>").format(line)) for line in before[a + paired : b])
        yield from (Line("added", Markup("<ins>{}</ins>").format(line)) for line in after[c + paired : d])


def _marked(old: str, new: str) -> Markup:
    if max(len(old), len(new)) > LONGEST_MARKED:  # comparing by character costs the product of both lengths
        return Markup("<del>{}</del><ins>{}</ins>").format(old, new)
    pieces = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(escape(old[a:b]))
            continue
        pieces.append(Markup("<del>{}</del>").format(old[a:b]) if b > a else Markup(""))
        pieces.append(Markup("<ins>{}</ins>").format(new[c:d]) if d > c else Markup(""))
    return Markup("").join(pieces)
