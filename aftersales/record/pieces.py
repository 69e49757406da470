"""The pieces of which pages have many: chips, clocks, facts, tables, the entries of a story. Templates call them as `ui.chip(…)`.

The pieces of which a page has one or two are macros beside them (templates/record/_macros.html, which describes them all). These are
functions, because a list has some hundred cells and a macro takes ten times as long. Whatever is not Markup is escaped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from aftersales.labels import label as words_of
from aftersales.labels import translated as _
from aftersales.record.display import Shown

DASH = Markup('<span class="mute">—</span>')
FOLDED = 240  # a page of text that replaced another would push out what else happened

# One line drawing each, from a 16 x 16 grid.
PATHS = {
    "menu": "M2 4h12M2 8h12M2 12h12",
    "search": "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
    "inbox": "M2 9h3.5l1 2h3l1-2H14M3.5 3h9L14 9v3.5a.5.5 0 0 1-.5.5h-11a.5.5 0 0 1-.5-.5V9l1.5-6Z",
    "down": "m4 6 4 4 4-4",
    "up": "m4 10 4-4 4 4",
    "left": "m10 3.5-4.5 4.5 4.5 4.5",
    "right": "m6 3.5 4.5 4.5L6 12.5",
    "plus": "M8 3v10M3 8h10",
    "close": "m4 4 8 8m0-8-8 8",
    "check": "m3 8.5 3.5 3.5L13 4.5",
    "warn": "M8 2 1.5 13.5h13L8 2Zm0 4.5v3m0 2v.01",
    "info": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-6.5V11m0-6v.01",
    "copy": "M6 6h7v8H6zM3 10V2h7",
    "out": "M6 2H3v12h3m4-9 3 3-3 3m3-3H6",
    "sun": "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 1.5V3m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1",
    "moon": "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7Z",
    "half": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-12v12M8 5h3.8M8 8h6M8 11h3.8",
    "grip": "M6 3.5v.01M10 3.5v.01M6 8v.01M10 8v.01M6 12.5v.01M10 12.5v.01",
    "home": "M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5",
    "paper": "M4 2h5l3.5 3.5V14H4zM9 2v4h3.5M6.5 9h3.5m-3.5 2.5h3.5",
}
DRAWING = '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>'
ICONS = {name: Markup(DRAWING.format(path)) for name, path in PATHS.items()}
MARK = Markup(
    '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0b6e75"/>'
    '<path d="M6 17h5l2.5-7 4.5 13 2.5-6H26" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>'
    "</svg>"
)


def icon(name: str) -> Markup:
    """In the colour of the text beside it, hidden from screen readers."""
    return ICONS[name]


def mark() -> Markup:
    return MARK


def chip(text: Any, tone: str = "") -> Markup:
    return Markup(f'<span class="chip {tone}">{escape(text)}</span>' if tone else f'<span class="chip">{escape(text)}</span>')


def clock(due: Any, state: str = "running", text: Any = "", tone: str = "", warn: Any = None) -> Markup:
    tone = tone or {"met": "ok", "missed": "late"}.get(state, "")
    until = f' datetime="{_iso(due)}" data-due="{_iso(due)}"' if due else ""
    warned = f' data-warn="{_iso(warn)}"' if warn else ""
    told = words_of("clock_filter.paused") if state == "paused" else text
    return Markup(f'<time class="clock {tone}" data-state="{state}"{until}{warned}>{escape(told)}</time>')


def _iso(moment: Any) -> str:
    return escape(moment.isoformat() if hasattr(moment, "isoformat") else moment)


def fact(
    label: Any, value: Any = "", hint: Any = "", wide: bool = False, code: bool = False, asks: bool = False,
    caller: Callable[[], Any] | None = None,
) -> Markup:  # fmt: skip
    """One line of a list of facts. `asks`: its caption is a question, and has the room of one."""
    told = caller() if caller is not None else DASH if value is None or value == "" else escape(value)
    look = ' class="code"' if code else ' class="prose"' if wide else ""
    small = f"<small>{escape(hint)}</small>" if hint else ""
    place = "asked" if asks or is_question(str(label)) else "wide" if wide else ""
    opening = f'<div class="{place}">' if place else "<div>"
    return Markup(f"{opening}<dt>{escape(label)}</dt><dd{look}>{told}{small}</dd></div>")


LONG_CAPTION, LONG_CAPTION_ASCII = 14, 34  # signs


def is_question(label: str) -> bool:
    """Whether a caption is too long to stand in the narrow column of captions, as the law's questions are."""
    return len(label) > (LONG_CAPTION_ASCII if label.isascii() else LONG_CAPTION)


def shown_facts(facts: Iterable[tuple[str, Shown]]) -> Markup:
    """Fields of a record with what they hold; what is empty is left out."""
    filled = [(caption, value) for caption, value in facts if value.text]
    asks = sum(is_question(caption) for caption, _value in filled) * 2 > len(filled)  # mostly questions: all of them in one alignment
    told = "".join(_shown_fact(caption, value, asks) for caption, value in filled)
    return Markup(f'<dl class="facts">{told}</dl>' if told else "")


def _shown_fact(caption: str, value: Shown, asks: bool) -> Markup:
    if value.url:
        return fact(caption, Markup(f'<a href="{escape(value.url)}">{escape(value.text)}</a>'), asks=asks)
    return fact(caption, value.text, wide=value.is_long, code=value.is_code, asks=asks)


# -- cards --


def section(title: Any, id: str = "", aside: Any = "", *, caller: Callable[[], Any]) -> Markup:
    place = f' id="{escape(id)}"' if id else ""
    right = f"<div>{escape(aside)}</div>" if aside else ""
    return Markup(f'<section class="sec"{place}><header><h2>{escape(title)}</h2>{right}</header>{caller()}</section>')


def facts(caller: Callable[[], Any]) -> Markup:
    return Markup(f'<dl class="facts">{caller()}</dl>')


def clocks(caller: Callable[[], Any]) -> Markup:
    return Markup(f'<div class="clocks">{caller()}</div>')


def clock_card(
    title: Any, due: Any, state: str = "running", text: Any = "", tone: str = "", warn: Any = None, promise: Any = "", source: Any = "",
    why_url: str = "", why: Any = "", caller: Callable[[], Any] | None = None,
) -> Markup:  # fmt: skip
    """`caller`: the buttons below the explanation."""
    promised = f'<span class="mute">{escape(promise)}</span>' if promise else ""
    led = f'{" · " if source else ""}<a href="{escape(why_url)}">{_("Why?")}</a>' if why_url else ""
    told = ""
    if why:
        told = f'<div class="card"><p class="prose">{escape(why)}</p>{caller() if caller is not None else ""}</div>'
        told = f'<details class="why"><summary>{_("Why?")}</summary>{told}</details>'
    return Markup(
        f'<div class="card clock-card"><div><span>{escape(title)}</span>{promised}</div>{clock(due, state, text, tone, warn)}'
        f"<small>{escape(source)}{led}</small>{told}</div>"
    )


def state_bar(steps: Sequence[Any], side: Iterable[str] = (), caller: Callable[[], Any] | None = None) -> Markup:
    """`caller`: what stands below."""
    told, now = [], ""
    for place, step in enumerate(steps, 1):
        name, is_now = escape(step.label), step.state == "now"
        current = ' aria-current="step"' if is_now else ""
        told.append(f'<li class="{step.state}"{current} title="{name}">{name}</li>')
        if is_now:
            now = f'<p class="steps-now" aria-hidden="true"><b>{name}</b> <span class="mute">{place} / {len(steps)}</span></p>'
    beside = "".join(f'{chip(name, "warn")} ' for name in side)
    off = f'<p class="steps-side">{beside}</p>' if beside else ""
    below = caller() if caller is not None else ""
    return Markup(f'<div class="card steps-box"><ol class="steps">{"".join(told)}</ol>{now}{off}{below}</div>')


# -- tables --

Cell = str | Mapping[str, Any] | None
SHORT, SHORT_ASCII = 7, 20  # letters that are not to be broken into two lines


def is_short(text: str) -> bool:
    return len(text) < (SHORT_ASCII if text.isascii() else SHORT)


def table(columns: Sequence[Mapping[str, Any]], rows: Any, listing: bool = True, ticks: str = "", foot: Sequence[Cell] = ()) -> Markup:
    looks = [_look(column) for column in columns]
    opening = '<table class="listing">' if listing else "<table>"
    heads = (_tick_all(ticks) if ticks else "") + "".join(_head(column) for column in columns)
    body = "".join(_row(row, looks, ticks) for row in rows)
    sums = _foot(foot, columns, ticks) if foot else ""
    return Markup(f'<div class="table-wrap">{opening}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>{sums}</table></div>')


def _tick_all(ticks: str) -> str:
    box = f"""<input type="checkbox" data-tick-all form="{ticks}" aria-label="{_('Tick all on this page')}">"""
    return f'<th scope="col" class="tickcell"><label class="hit">{box}</label></th>'


def _look(column: Mapping[str, Any]) -> str:
    """What every cell of a column says of itself."""
    place = " ".join(name for name in ("end", "minor") if column.get(name))
    look = f' class="{place}"' if place else ""
    return f'<td{look} data-label="{escape(column["label"])}">'


def _head(column: Mapping[str, Any]) -> str:
    label, turned = column["label"], column.get("sorted", "")
    told = escape(label)
    if column.get("sort_url"):
        arrow = f" {icon('up' if turned == 'asc' else 'down')}" if turned else ""
        told = f'<a href="{escape(column["sort_url"])}">{told}{arrow}</a>'
    sorting = f' aria-sort="{turned}ending"' if turned else ""
    look = ("end" if column.get("end") else "") + (" long" if len(label) > 8 else "")
    return f'<th scope="col" class="{look}"{sorting}>{told}</th>'


def _row(row: Mapping[str, Any], looks: Sequence[str], ticks: str) -> str:
    url, cells = escape(row["url"]) if row.get("url") else "", [*row["cells"]]
    tick = ""
    if ticks:
        name = cells[0].get("text", "") if isinstance(cells[0], Mapping) else ""
        box = f"""<input type="checkbox" name="ids" value="{row['id']}" form="{ticks}" aria-label="{_('Tick')} {escape(name)}">"""
        tick = f'<td class="tickcell" data-label=""><label class="hit">{box}</label></td>'
    told = [_cell(value) for value in cells]
    if url and told:
        told[0] = f'<a class="plain" href="{url}">{told[0] or "—"}</a>'  # what opens a row has a name, also where its first column is empty
    opening = f'<tr data-href="{url}">' if url else "<tr>"
    return f"{opening}{tick}{''.join(f'{look}{text}</td>' for look, text in zip(looks, told, strict=False))}</tr>"


def _cell(value: Cell) -> str:
    if not isinstance(value, Mapping):
        return "" if value is None else escape(value)
    text = escape(value.get("text", ""))
    if value.get("code"):
        text = f'<span class="code">{text}</span>'
    elif value.get("long"):
        text = f'<span class="long">{text}</span>'
    hint = f"<small>{escape(value['hint'])}</small>" if value.get("hint") else ""
    opening = '<div class="nowrap">' if value.get("short") else "<div>"
    return f"{opening}{text}{hint}</div>"


def _foot(foot: Sequence[Cell], columns: Sequence[Mapping[str, Any]], ticks: str) -> str:
    cells = ['<td class="tickcell"></td>'] if ticks else []
    for value, column in zip(foot, columns, strict=False):
        cells.append(f'<td class="end" data-label="{escape(column["label"])}">{_cell(value)}</td>' if value else "<td></td>")
    return f"<tfoot><tr>{''.join(cells)}</tr></tfoot>"


# -- stories --


def timeline(entries: Iterable[Any]) -> Markup:
    return Markup(f'<ol class="timeline">{"".join(timeline_entry(entry) for entry in entries)}</ol>')


def timeline_entry(told_of: Any) -> Markup:
    entry = _by_name(told_of)
    title, when = escape(entry["title"]), entry.get("when")
    if entry.get("url"):
        title = f'<a href="{escape(entry["url"])}">{title}</a>'
    changes = _changes(entry["changes"]) if entry.get("changes") else ""
    if changes and entry.get("folded"):
        changes = f"<details><summary>{escape(entry['folded'])}</summary>{changes}</details>"
    reason = f"<blockquote>{escape(entry['reason'])}</blockquote>" if entry.get("reason") else ""
    moment = f' datetime="{_iso(when)}"' if hasattr(when, "isoformat") else ""
    told = [f"<time{moment}>{escape(entry.get('when_text') or when)}</time>" if when else ""]
    told += [f" · {escape(word)}" for word in (entry.get("who"), entry.get("source")) if word]
    return Markup(f"""<li class="{entry.get('tone') or ''}">{title}{changes}{reason}<small>{''.join(told)}</small></li>""")


def _by_name(thing: Any) -> Mapping[str, Any]:
    return thing if isinstance(thing, Mapping) else vars(thing)


def _changes(changes: Iterable[Any]) -> str:
    return f'<ul class="changes">{"".join(_change(_by_name(change)) for change in changes)}</ul>'


def _change(change: Mapping[str, Any]) -> str:
    name = f"<span>{escape(change['label'])}</span>" if change["label"] else ""
    old = f"<del>{_folded(change['old'])}</del> → " if change.get("old") else ""
    return f"<li>{name}{old}<ins>{_folded(change['new']) if change['new'] not in (None, '') else '—'}</ins></li>"


def _folded(value: Any) -> str:
    text = str(value)
    if len(text) <= FOLDED:
        return escape(text)
    return f"<details><summary>{escape(text[:59])}…</summary>{escape(text)}</details>"


PIECES = (icon, chip, clock, fact, section, facts, clocks, clock_card, state_bar, table, timeline, timeline_entry)
