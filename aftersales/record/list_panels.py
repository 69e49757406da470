"""The panels above the rows of a list: what to filter by, and which columns in which order.

Most lists are opened with the same panels all day. What they offer follows from the arguments alone, so it is written once for them
(a tenth of the page's time) and kept; the words somebody searched for are not.
"""

from functools import lru_cache

from markupsafe import Markup, escape

from aftersales.labels import translated as _
from aftersales.record.form_pieces import looked_up
from aftersales.record.list_frame import Filter
from aftersales.record.pieces import icon

BESIDE = 4  # choices that stand beside the search; the others are under "More filters"
Pairs = tuple[tuple[str, str], ...]


def filter_form(url: str, kept: Pairs, search: str | None, filters: tuple[Filter, ...], panel: Markup, lang: str) -> Markup:
    """`kept`: what of the address goes along; `search`: the words searched for, None where nothing can be; `panel`: the columns'."""
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in kept)
    words = _("Search in this list")
    box = ""
    if search is not None:
        box = f'<input type="search" name="q" value="{escape(search)}" placeholder="{words}" aria-label="{words}">'
    return Markup(
        f'<form class="filter-bar" action="{escape(url)}" method="get" data-filters>{hidden}{box}{_fields(filters, lang)}'
        f'<button class="btn small" data-apply>{_("Filter")}</button><div class="push">{panel}</div></form>'
    )


@lru_cache(maxsize=200)
def _fields(filters: tuple[Filter, ...], lang: str) -> str:
    choices = [filter for filter in filters if filter.options and not filter.kind]
    further = [filter for filter in filters if filter not in choices]
    beside = "".join(_choice(filter) for filter in choices[:BESIDE])
    return beside + (_more(choices[BESIDE:], further) if further or choices[BESIDE:] else "")


def _more(choices: list[Filter], further: list[Filter]) -> str:
    count = sum(filter.is_set for filter in further)
    told = f'<span class="count">{count}</span>' if count else ""
    fields = [f'<div class="field"><label>{escape(filter.label)}</label>{_choice(filter)}</div>' for filter in choices]
    for filter in further:
        place, caption = " wide" if filter.kind else "", f'<label for="filter-{filter.name}">{escape(filter.label)}</label>'
        fields.append(f'<div class="field{place}">{caption}{_control(filter)}</div>')
    return (
        f'<details class="menu"><summary class="btn small">{_("More filters")}{told}{icon("down")}</summary><div class="drop wide">'
        f'<div class="fields">{"".join(fields)}</div>'
        f'<footer><button class="btn small primary">{_("Filter")}</button></footer></div></details>'
    )


def _choice(filter: Filter) -> str:
    look, first = ' class="set"' if filter.value else "", f'<option value="">{escape(filter.label)}</option>'
    return f'<select name="{filter.name}" aria-label="{escape(filter.label)}"{look}>{first}{_options(filter)}</select>'


def _options(filter: Filter) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == filter.value else ""}>{escape(text)}</option>'
        for value, text in filter.options
    )


def _control(filter: Filter) -> str:
    named = f'id="filter-{filter.name}" name="{filter.name}"'
    if filter.lookup:
        search = f'data-lookup="{escape(filter.lookup)}" data-text="{escape(filter.text)}"'
        return f'<input {named} value="{escape(filter.value)}" {search} type="hidden">{looked_up(filter.text)}'
    if not filter.kind:
        return f'<input {named} value="{escape(filter.value)}">'
    periods = f'<select {named}><option value="">{_("Any time")}</option>{_options(filter)}</select>' if filter.options else ""
    sides = (("_from", filter.since, _("from")), ("_until", filter.until, _("until, that day included")))
    ends = [(f'name="{filter.name}{side}" value="{escape(value)}"', f"{escape(filter.label)} {text}", text) for side, value, text in sides]
    boxes = "".join(f'<input type="{filter.kind}" {told} aria-label="{whole}" title="{text}">' for told, whole, text in ends)
    return f'<div class="range">{periods}{boxes}</div>'


@lru_cache(maxsize=200)
def column_panel(columns: Pairs, shown: int, is_open: bool, lang: str) -> Markup:
    """All `columns` by name and words, the `shown` ones first. Its fields belong to the form below the table: a form may not stand in
    another."""
    rows = "".join(_column(name, text, is_on=place < shown) for place, (name, text) in enumerate(columns))
    return Markup(
        f'<details class="menu right"{" open" if is_open else ""}><summary class="btn small">{_("Columns")}{icon("down")}</summary>'
        f'<div class="drop"><ul class="columns-list" data-sortable>{rows}</ul>'
        f'<footer><button class="btn small" form="arrange" name="reset" value="1">{_("As shipped")}</button>'
        f'<button class="btn small primary" form="arrange">{_("Save")}</button></footer></div></details>'
    )


def _column(name: str, text: str, is_on: bool) -> str:
    box = f'<input type="checkbox" name="column" value="{name}" form="arrange"{" checked" if is_on else ""}>'
    ways = (("up", _("Move %(column)s up", column=text)), ("down", _("Move %(column)s down", column=text))) if is_on else ()
    arrows = "".join(
        f'<button class="quiet" form="arrange" name="move" value="{way}:{name}" aria-label="{say}">{icon(way)}</button>'
        for way, say in ways
    )
    return f'<li draggable="true"><label>{box}{escape(text)}</label>{arrows}</li>'
