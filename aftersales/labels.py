"""The words of the trade: every noun in Chinese and English, from the labels.toml beside each feature.

Keys are dotted identifiers: "service_order" (the record; a third word is what a list of them is called in English, "service_order.plural"),
"service_order.comes" (where they come from, for an empty list), "service_order.fault_level" (a field), "service_order.state.closed",
"service_order.section.intake", "service_order.transition.close", "fault_level.level_1" (a choice), "role.engineer". Fields every record
has are under "record".
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain, force_locale, get_locale, get_translations
from markupsafe import Markup

ROOT = Path(__file__).parent
LANGUAGES = ("zh", "en")
DIGITS, TENS = "零一二三四五六七八九", {"十": 10, "百": 100}
NUMERAL = re.compile("[零一二三四五六七八九十百]+(?=[条、）])")
CHINESE = re.compile("[\u4e00-\u9fff]")


class MissingLabel(KeyError):
    """A key with no words in any labels.toml."""


@cache
def glossary() -> dict[str, tuple[str, str]]:
    words: dict[str, tuple[str, str]] = {}
    for path in sorted(ROOT.rglob("labels.toml")):
        for key, pair in _flatten(tomllib.loads(path.read_text("utf-8"))):
            if key in words:
                raise ValueError(f"{path}: {key} already has words elsewhere")
            words[key] = pair
    return words


def _flatten(table: dict[str, Any], prefix: str = "") -> list[tuple[str, tuple[str, str]]]:
    pairs: list[tuple[str, tuple[str, str]]] = []
    for key, value in table.items():
        path = prefix if key == "_" else f"{prefix}.{key}".lstrip(".")
        if isinstance(value, dict):
            pairs += _flatten(value, path)
        else:
            chinese, english, *plural = value
            pairs.append((path, (chinese, english)))
            pairs += [(f"{path}.plural", (chinese, english)) for english in plural]
    return pairs


_reader: ContextVar[list[str] | None] = ContextVar("reader", default=None)


@contextmanager
def reader() -> Iterator[None]:
    """Around one request: its reader's language is found out once, at the first word, and not at each of some hundred."""
    token = _reader.set([])
    try:
        yield
    finally:
        _reader.reset(token)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """In this language, whatever the reader's is. (Flask-Babel's own `force_locale` alone is not enough: `reader` remembers.)"""
    token = _reader.set([lang])
    try:
        with force_locale(lang):
            yield
    finally:
        _reader.reset(token)


def language() -> str:
    """"zh" or "en": the reader's language, Chinese where nobody reads (jobs, commands)."""
    known = _reader.get()
    if known:
        return known[0]
    locale = get_locale()
    found = "en" if locale is not None and locale.language == "en" else "zh"
    if known is not None:
        known.append(found)
    return found


def translated(text: str, **values: Any) -> Markup:
    """A template's sentence in the reader's language, `%(name)s` filled in and escaped."""
    sentence = _sentence(language(), text)
    return sentence % values if values or "%" in text else sentence


class Sentences(Domain):
    """The sentences of Python code, for `gettext`. (Flask-Babel's own domain asks ten times who reads it too.)"""

    def gettext(self, string: str, **variables: Any) -> str:
        sentence = _sentences(language()).ugettext(string)
        return sentence % variables if variables else sentence


def keep_locales(app: Flask) -> None:
    """Has each request find the locale of its reader, where Flask-Babel puts it together anew from the name."""
    babel = app.extensions["babel"]
    chosen = babel.locale_selector
    babel.locale_selector = lambda: _locale(chosen())


@cache
def _locale(name: str | None) -> Locale | None:
    return Locale.parse(name) if name else None


@cache
def _sentence(lang: str, text: str) -> Markup:
    """Of the sentences that stand in templates, of which there is a known number."""
    return Markup(_sentences(lang).ugettext(text))


@cache
def _sentences(lang: str) -> NullTranslations:
    with force_locale(lang):
        return get_translations()


def label(key: str, lang: str | None = None) -> str:
    try:
        return glossary()[key][LANGUAGES.index(lang or language())]
    except KeyError:
        raise MissingLabel(f"{key} has no words: add it to the labels.toml of its feature") from None


def has_label(key: str) -> bool:
    return key in glossary()


def fact_label(fact: str) -> str:
    """The words of what a rule asks of a record, or a paper tells of it; its bare name where it has none."""
    return label(f"fact.{fact}") if has_label(f"fact.{fact}") else fact


def citation(source: str, article: str = "") -> str:
    """What a rule rests on, in short: a source of the shipped rules by its name, any other as it was written."""
    name = label(f"source.{source}") if has_label(f"source.{source}") else source
    return " ".join(filter(None, (name, article if language() == "zh" else article_in_english(article))))


def basis(rule: Any) -> str:
    """What a rule rests on, to be cited by papers: a law by its title, else the document that its author names. A shipped number of the
    company's rests on its decision alone: where we found it is nothing to cite, so that is ""."""
    if rule.kind == "company" and has_label(f"source.{rule.source}"):
        return ""
    title = rule.source_title.partition("（")[0]  # who issued a law stands among the references
    return " ".join(filter(None, (f"《{title}》" if title else rule.source, rule.article)))


def article_in_english(article: str) -> str:
    """"第四十五条（四）" as "art. 45 (4)". What is no number but words, such as those of our own default values, is left out."""
    numbered = NUMERAL.sub(lambda found: str(_number(found[0])), article)
    told = re.sub(r"第(\d+)条", r"art. \1", numbered).replace("、", ", ").replace("（", " (").replace("）", ")")
    return "" if CHINESE.search(told) else told


def _number(numeral: str) -> int:
    total = digit = 0
    for letter in numeral:
        if letter in TENS:
            total, digit = total + (digit or 1) * TENS[letter], 0
        else:
            digit = DIGITS.index(letter)
    return total + digit


def field_label(owner: str, field: str, lang: str | None = None) -> str:
    """The words of a field: the record's own, else those every record shares."""
    return _field_label(owner, field, lang or language())


@cache
def _field_label(owner: str, field: str, lang: str) -> str:
    own = f"{owner}.{field}"
    return label(own if has_label(own) else f"record.{field}", lang)
