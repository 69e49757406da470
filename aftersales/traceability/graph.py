"""A trace drawn in four columns, the repairs in the second. It fits one sheet of A4, so it stops at what fits and says what it left out."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import current_app, render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Session

from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.content import canonical
from aftersales.record.display import words
from aftersales.record.now import CHINA, now
from aftersales.record.printing.render import PRINT_CSS, TEMPLATE_FOLDER, render_pdf
from aftersales.spreadsheet.cells import width_of
from aftersales.traceability.hub import Hub
from aftersales.traceability.links import Section
from aftersales.traceability.start import Kind, Start

# What stands in which column, and how many of each fit.
COLUMNS: tuple[dict[Kind, int], ...] = (
    {Kind.part: 5, Kind.person: 4, Kind.document: 3},
    {Kind.order: 12},
    {Kind.device: 12},
    {
        Kind.customer: 3, Kind.complaint: 1, Kind.event: 1, Kind.recall: 1, Kind.emergency: 1, Kind.signal: 1, Kind.implant: 1,
        Kind.follow_up: 1, Kind.software: 2, Kind.udi: 1, Kind.lot: 1, Kind.maker: 1,
    },
)
COLUMN_OF = {kind: index for index, column in enumerate(COLUMNS) for kind in column}
# In pixels, four to a millimetre of the paper.
WIDE, HIGH, GAP, APART, HEAD = 226, 36, 66, 6, 22
TEXT_UNITS, HINT_UNITS = 31, 40  # Latin characters of a line; a Chinese one takes two

Key = tuple[Kind, str]


@dataclass
class Graph:
    """The nodes by column and kind, what joins them, and how many of each kind found no room."""

    start: Start
    nodes: dict[Kind, list[Start]] = field(default_factory=dict)
    edges: set[tuple[Key, Key]] = field(default_factory=set)
    left_out: dict[Kind, int] = field(default_factory=dict)
    place: dict[Key, tuple[int, int]] = field(default_factory=dict)

    def has(self, key: Key) -> bool:
        return key in self.place


def drawn(hub: Hub, sections: list[Section], *, is_linked: bool = True) -> Markup:
    """The SVG. On paper a node is no link: what prints knows links in text only."""
    graph = _graph(hub, sections)
    lines = Markup("").join(_edge(graph, *edge) for edge in sorted(graph.edges))
    boxes = Markup("").join(_box(graph, node, is_linked) for nodes in graph.nodes.values() for node in nodes)
    captions = Markup("").join(_captions(graph))
    width = max(left for left, _top in graph.place.values()) + WIDE + 2
    height = max(top for _left, top in graph.place.values()) + HIGH + HEAD
    return Markup('<svg class="trace-graph" viewBox="-1 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        width, height, _("Traceability of %(what)s", what=graph.start.text), lines + boxes + captions
    )


def printed(session: Session, hub: Hub, sections: list[Section]) -> bytes:
    """The graph as a PDF, A4 across."""
    moment, start = now(), hub.start
    html = render_template(
        "documents/sheets/trace_graph.html",
        company=current_app.extensions["letterhead"](session, None, moment.astimezone(CHINA).date()),
        form={"title": "追溯图", "number": "QR-ZS-01", "version": "A/0"}, number=start.text, mark="uncontrolled", verification=None,
        printed={"by": current_actor().name, "at": words(moment)}, kind=label(f"trace_kind.{start.kind}"),
        graph=drawn(hub, sections, is_linked=False), hub=hub,
    )  # fmt: skip
    told = {"start": [start.kind.value, start.key], "orders": [order.number for order in hub.orders]}
    identifier = hashlib.sha256(f"trace:{start.kind}:{start.key}".encode()).digest()[:16]
    sheets = (PRINT_CSS, TEMPLATE_FOLDER / "trace_graph.css")
    return render_pdf(html, stylesheets=sheets, identifier=identifier, record=canonical(told), created=moment, title=f"追溯图 {start.text}")


def _graph(hub: Hub, sections: list[Section]) -> Graph:
    graph = Graph(hub.start)
    links = {section.kind: section.links for section in sections}
    joined: dict[Key, set[Key]] = defaultdict(set)
    for section in sections:
        for link in section.links:
            here = (link.thing.kind, link.thing.key)
            for other in link.others:
                joined[here].add(other)
                joined[other].add(here)
    own: Key = (hub.start.kind, hub.start.key)
    if COLUMN_OF[hub.start.kind] == 0:
        for order in hub.orders:
            joined[own].add((Kind.order, str(order.id)))
            joined[(Kind.order, str(order.id))].add(own)
    _choose(graph, joined, {kind: [link.thing for link in found] for kind, found in links.items()})
    _lay_out(graph, joined)
    near = ((key, other) for key in graph.place for other in joined[key] if graph.has(other))
    graph.edges = {(key, other) for key, other in near if COLUMN_OF[other[0]] - COLUMN_OF[key[0]] == 1}
    return graph


def _choose(graph: Graph, joined: dict[Key, set[Key]], things: dict[Kind, list[Start]]) -> None:
    """The repairs first, then what hangs on those that are shown, then whatever else fits."""
    shown: set[Key] = {(graph.start.kind, graph.start.key)}
    for column in (COLUMNS[1], COLUMNS[2], COLUMNS[0], COLUMNS[3]):
        for kind, most in column.items():
            found = things.get(kind, [])
            is_near = {thing.key: bool(joined[kind, thing.key] & shown) for thing in found}
            nodes = [graph.start] if kind is graph.start.kind else []
            nodes += sorted(found, key=lambda thing: not is_near[thing.key])[: most - len(nodes)]
            if nodes:
                graph.nodes[kind] = nodes
                graph.left_out[kind] = len(found) + (kind is graph.start.kind) - len(nodes)
            shown |= {(kind, node.key) for node in nodes}


def _lay_out(graph: Graph, joined: dict[Key, set[Key]]) -> None:
    """Each kind in the order of what it is joined to in the column beside it, so that few lines cross."""
    used = [index for index, column in enumerate(COLUMNS) if any(graph.nodes.get(kind) for kind in column)]
    for index in (1, 2, 0, 3):
        top = 0
        for kind in COLUMNS[index]:
            nodes = graph.nodes.get(kind)
            if not nodes:
                continue
            nodes.sort(key=lambda node, kind=kind: _height(graph, joined[kind, node.key]))
            top += HEAD
            for node in nodes:
                graph.place[kind, node.key] = (used.index(index) * (WIDE + GAP), top)
                top += HIGH + APART
            top += HEAD if graph.left_out[kind] else APART


def _height(graph: Graph, others: Iterable[Key]) -> float:
    tops = [graph.place[other][1] for other in others if graph.has(other)]
    return sum(tops) / len(tops) if tops else float("inf")


def _edge(graph: Graph, left: Key, right: Key) -> Markup:
    x, y = graph.place[left]
    to_x, to_y = graph.place[right]
    x, y, to_y = x + WIDE, y + HIGH // 2, to_y + HIGH // 2
    bend = (to_x - x) // 2
    return Markup('<path d="M{0} {1}C{2} {1} {2} {3} {4} {3}" fill="none" stroke="#888"/>').format(x, y, x + bend, to_y, to_x)


def _box(graph: Graph, node: Start, is_linked: bool) -> Markup:
    x, y = graph.place[node.kind, node.key]
    is_start = (node.kind, node.key) == (graph.start.kind, graph.start.key)
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="4" fill="#fff" stroke="#000" stroke-width="{}"{}/>').format(
        x, y, WIDE, HIGH, 2.5 if is_start else 1, Markup(' class="start"') if is_start else ""
    )
    text = Markup('<text x="{}" y="{}" font-size="13">{}</text>').format(x + 7, y + (15 if node.hint else 23), _cut(node.text, TEXT_UNITS))
    hint = Markup('<text class="hint" x="{}" y="{}" font-size="10">{}</text>').format(x + 7, y + 29, _cut(node.hint, HINT_UNITS))
    drawn = box + text + (hint if node.hint else Markup(""))
    if is_start or not is_linked:
        return drawn
    return Markup('<a href="{}">{}</a>').format(url_for("TracePage.index", kind=node.kind.value, key=node.key), drawn)


def _captions(graph: Graph) -> Iterable[Markup]:
    for kind, nodes in graph.nodes.items():
        x, top = min((graph.place[kind, node.key] for node in nodes), key=lambda place: place[1])
        yield Markup('<text class="kind" x="{}" y="{}" font-size="11">{}</text>').format(x + 1, top - 7, label(f"trace_kind.{kind}"))
        if graph.left_out[kind]:
            below = top + len(nodes) * (HIGH + APART) + 9
            told = _("%(n)s more, not drawn", n=graph.left_out[kind])
            yield Markup('<text class="hint" x="{}" y="{}" font-size="10">{}</text>').format(x + 1, below, told)


def _cut(text: str, units: int) -> str:
    if width_of(text) <= units:
        return text
    kept = text
    while kept and width_of(kept) > units - 2:
        kept = kept[:-1]
    return kept + "…"
