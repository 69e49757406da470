"""The sections of a record's page as they are read: what is filled in, what is not in one line, and the rows that live inside."""

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from aftersales.labels import translated as _
from aftersales.record.display import Shown
from aftersales.record.pieces import Cell, chip, is_short, shown_facts, table

if TYPE_CHECKING:
    from aftersales.record.showing import LineTable, Section

MOST_BESIDE = 2  # columns of a table that stand beside each other on a phone too
NOTHING: Mapping[str, Markup] = {}


def sections(all_of_them: "Iterable[Section]", hidden: Container[str] = (), beneath: Mapping[str, Markup] = NOTHING) -> Markup:
    """`beneath`: what a page of its own has to show at the end of a section, by its name."""
    return Markup("".join(_section(section, beneath.get(section.name, "")) for section in all_of_them if section.name not in hidden))


def _section(section: "Section", beneath: str) -> str:
    is_table = len(section.tables) == 1 and not section.facts
    aside = f"<div>{button}</div>" if is_table and (button := _button(section.tables[0])) else ""
    facts = (shown_facts(section.facts), _unfilled(section.facts), _untold(section.untold))
    told = [*facts, *(_rows(lines, is_table) for lines in section.tables)]
    header = f"<header><h2>{escape(section.title)}</h2>{aside}</header>"
    return f'<section class="sec" id="{escape(section.name)}">{header}{"".join(told)}{beneath}</section>'


def _unfilled(facts: Iterable[tuple[str, Shown]]) -> str:
    names = [caption for caption, value in facts if not value.text]
    return f'<p class="unfilled">{_("Not filled in:")} {escape(_(", ").join(names))}</p>' if names else ""


def _untold(names: Iterable[str]) -> str:
    """Kept from the reader is not the same as missing: who takes it for missing asks the hospital again."""
    return f'<p class="unfilled">{_("Not for your role to see:")} {escape(_(", ").join(names))}</p>' if names else ""


def _button(lines: "LineTable") -> str:
    url, words = (lines.add_url, _("Add")) if lines.add_url else (lines.edit_url, _("Edit the rows"))
    return f'<a class="btn small" href="{escape(url)}">{words}</a>' if url else ""


def _rows(lines: "LineTable", is_table: bool) -> str:
    header = "" if is_table else f"<header><h3>{escape(lines.title)}</h3>{_button(lines)}</header>"
    rows = [{"url": f"/{lines.key}/edit/{row.id}" if lines.add_url else "", "cells": [*map(_cell, cells)]} for row, cells in lines.rows]
    heads: list[dict[str, Any]] = [{"label": caption} for caption in lines.columns]
    told = table(heads, rows, listing=len(heads) > MOST_BESIDE) if rows else f'<p class="mute">{_("None yet.")}</p>'
    return f'<div class="lines">{header}{told}</div>'


def _cell(cell: Shown) -> Cell:
    if cell.tone:
        return chip(cell.text, cell.tone)
    return {"text": cell.text or "—", "code": cell.is_code, "short": is_short(cell.text)}
