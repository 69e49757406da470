"""The unique device identifier (UDI 医疗器械唯一标识) as a scanner or a person gives it.

GS1 element strings, their bracketed form and digital links are read by `biip`; the MA form (IDcode) is split here, since
its issuer publishes neither lengths nor the check algorithm. Anything else is kept as text and marked unknown. A field
is filled only when it is certain: a doubtful reading leaves it empty and names the problem.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from typing import Any

from biip import ParseConfig, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString


class Issuer(StrEnum):
    """The body whose rules the code follows; `unknown` also covers AHM, whose syntax is not public."""

    gs1 = auto()
    ma = auto()
    unknown = auto()


@dataclass(frozen=True)
class Problem:
    """What is wrong with a code: an English message key and the values for its %(…)s."""

    message: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Udi:
    """One code, read. `di` is 14 digits for GS1 and the text up to the product code for MA."""

    raw: str
    issuer: Issuer
    di: str | None = None
    serial: str | None = None
    lot: str | None = None
    produced_on: date | None = None
    expires_on: date | None = None
    software_version: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        return self.issuer is not Issuer.unknown and not self.problems


def parse_udi(text: str) -> Udi:
    """Read a UDI from a scan or from typing. Never raises; `raw` is `text`, unchanged."""
    # A Chinese input method types full-width digits and brackets; NFKC makes them plain.
    code = unicodedata.normalize("NFKC", text).strip()
    for visible in ("\u241d", "<GS>", "{GS}"):
        code = code.replace(visible, GS)
    prefix = SYMBOLOGY.match(code)
    body = code[prefix.end() :] if prefix else code
    is_gs1 = prefix is not None and prefix.group() in GS1_SYMBOLOGIES

    if body.startswith("MA.") and not is_gs1:
        return _read_ma(text, body)
    if body.lower().startswith(("http://", "https://")):
        return _read_link(text, body)
    if not body.isascii():  # GS1 is ASCII; biip would take Arabic digits for digits
        return Udi(text, Issuer.unknown)
    if body.isdigit() and len(body) in GTIN_LENGTHS and not is_gs1:
        return _read_gtin(text, body)
    if BRACKETED.match(body):
        return _gs1(text, _read_brackets(body))
    found = _gs1(text, _read_string(body.lstrip(GS)))
    says_so_itself = is_gs1 or GS in body or DI_FIRST.match(body)
    return found if says_so_itself or found.is_valid else Udi(text, Issuer.unknown)


GS = "\x1d"  # FNC1 as scanners send it, after every element of variable length that is not the last
SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]", re.ASCII)
GS1_SYMBOLOGIES = {"]d2", "]C1", "]Q3", "]e0", "]J1"}  # DataMatrix, GS1-128, QR, DataBar, DotCode
GTIN_LENGTHS = {8, 12, 13, 14}
BRACKETED = re.compile(r"\((\d{2,4})\)((?:(?!\(\d{2,4}\)).)*)", re.ASCII | re.DOTALL)
DI_FIRST = re.compile(r"01\d{14}", re.ASCII)
# A date element at the end of a longer value. No UDI is older than 2013, so a lot such as 2017010203 is not taken for one.
DATED_TAIL = re.compile(r"(?<=.)(?:11|17)(?:1[3-9]|[2-4]\d)(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?=$|10.|11\d|17\d|21.|240.)", re.ASCII)
ANY_DATE = ParseConfig(gs1_element_strings_verify_date=False)  # an impossible date is our finding, not the end of the reading

GS1_TEXTS = {"10": "lot", "21": "serial", "8012": "software_version"}
GS1_DATES = {"11": "produced_on", "17": "expires_on"}
MA_TEXTS = {"S": "serial", "L": "lot"}
MA_DATES = {"M": "produced_on", "P": "produced_on", "V": "expires_on", "E": "expires_on"}  # E, where given, wins over V
MA_OTHERS = {"D", "C"}  # sterilization batch and check character: no field of a device, kept in the raw text

Reading = list[GS1ElementString | Problem]


def _read_string(body: str) -> Reading:
    """The elements of an element string, up to the first place where it cannot be read with certainty."""
    reading: Reading = []
    rest = body
    while rest:
        try:
            element = GS1ElementString.extract(rest, config=ANY_DATE)
        except ParseError:
            return [*reading, Problem("The code cannot be read from “%(rest)s” on.", {"rest": rest.replace(GS, "␝")})]
        rest = rest[len(element) :]
        if element.ai.separator_required and _runs_on(element.value, rest):
            return [*reading, Problem("The scanner dropped the separators: set it to send GS (FNC1), or type the code with brackets.")]
        reading.append(element)
        rest = rest.lstrip(GS)
    return reading


def _runs_on(value: str, rest: str) -> bool:
    """Whether a lot or serial has swallowed what follows: text without a separator, or a tail that reads as a date element."""
    return not rest.startswith(GS) if rest else DATED_TAIL.search(value) is not None


def _read_brackets(body: str) -> Reading:
    reading: Reading = []
    for ai, value in BRACKETED.findall(body):
        try:
            reading.append(GS1ElementString.parse(ai + value.strip(), config=ANY_DATE))
        except ParseError:
            reading.append(Problem("(%(ai)s) does not take the value “%(value)s”.", {"ai": ai, "value": value.strip()}))
    return reading


def _read_link(raw: str, body: str) -> Udi:
    try:
        return _gs1(raw, list(GS1DigitalLinkURI.parse(body, config=ANY_DATE).element_strings))
    except (ParseError, ValueError):  # urllib refuses some texts that start like an address
        return Udi(raw, Issuer.unknown)


def _read_gtin(raw: str, digits: str) -> Udi:
    gtin = digits.zfill(14)
    if _check_digit_holds(gtin):
        return Udi(raw, Issuer.gs1, di=gtin)
    if len(digits) == 8:  # as often a date or a house number
        return Udi(raw, Issuer.unknown)
    return Udi(raw, Issuer.gs1, problems=(_wrong_check_digit(digits),))


def _gs1(raw: str, reading: Reading) -> Udi:
    problems = [element for element in reading if isinstance(element, Problem)]
    elements: dict[str, GS1ElementString] = {}
    for element in reading:
        if isinstance(element, GS1ElementString) and elements.setdefault(element.ai.ai, element).value != element.value:
            problems.append(Problem("%(part)s stands twice with different values.", {"part": f"({element.ai.ai})"}))

    fields: dict[str, Any] = {name: elements[ai].value for ai, name in GS1_TEXTS.items() if ai in elements}
    for ai, name in GS1_DATES.items():
        if ai in elements:
            fields[name] = elements[ai].date
            if elements[ai].date is None:
                problems.append(_not_a_date(elements[ai].value))
    gtin = elements["01"].value if "01" in elements else None
    if gtin and _check_digit_holds(gtin):
        fields["di"] = gtin
    elif gtin:
        problems.append(_wrong_check_digit(gtin))
    elif not problems:
        problems.append(Problem("The device identifier (01) is missing: scan the other barcode of the label too."))
    return Udi(raw, Issuer.gs1, problems=tuple(problems), **fields)


def _read_ma(raw: str, body: str) -> Udi:
    """MA.156.M0.<registrant>.<product>, then units of a letter and a value (regulation sources: no lengths are fixed)."""
    head, units = body.split(".")[:5], body.split(".")[5:]
    if len(head) < 5 or not all(head):
        return Udi(raw, Issuer.ma, problems=(Problem("The MA code is incomplete."),))
    problems: list[Problem] = []
    values: dict[str, str] = {}
    for unit in units:
        letter, value = unit[:1], unit[1:]
        if not value or letter not in {*MA_TEXTS, *MA_DATES, *MA_OTHERS}:
            problems.append(Problem("The MA code has an unknown part “%(part)s”.", {"part": unit}))
        elif values.setdefault(letter, value) != value:
            problems.append(Problem("%(part)s stands twice with different values.", {"part": letter}))

    fields: dict[str, Any] = {name: values[letter] for letter, name in MA_TEXTS.items() if letter in values}
    for letter, name in MA_DATES.items():
        if letter in values:
            fields[name] = _ma_day(values[letter])
            if fields[name] is None:
                problems.append(_not_a_date(values[letter]))
    return Udi(raw, Issuer.ma, di=".".join(head), problems=tuple(problems), **fields)


def _ma_day(digits: str) -> date | None:
    """YYMMDD or YYYYMMDD; day 00 is the last of the month, as in GS1. MA began in this century."""
    if not re.fullmatch(r"\d{6}|\d{8}", digits, re.ASCII):
        return None
    year, month, day = int(digits[:-4]), int(digits[-4:-2]), int(digits[-2:])
    year += 2000 if len(digits) == 6 else 0
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError:
        return None


def _check_digit_holds(gtin: str) -> bool:
    return gs1_standard_check_digit(gtin[:-1]) == int(gtin[-1])


def _wrong_check_digit(gtin: str) -> Problem:
    return Problem("The check digit of %(gtin)s is wrong.", {"gtin": gtin})


def _not_a_date(digits: str) -> Problem:
    return Problem("“%(digits)s” is not a date.", {"digits": digits})
