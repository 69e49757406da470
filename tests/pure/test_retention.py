"""How long records are kept: what is known of a record in, the last day and the deciding rule out. Every case names where it comes from.

The sources are the articles of the shipped rules; R18.1 is the company's own requirement (document B, section 4).
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from aftersales.archives.contents import ArchivedFile, content_hash, manifest, safe_name
from aftersales.archives.explaining import ANCHORS, WAITING, end_words, explain
from aftersales.archives.retention import Anchor, Judgement, Reach, RetentionClass, Rule, Subject, Term, judge
from aftersales.archives.rulebook import shipped_rules
from aftersales.record.rule import RuleKind

pytestmark = pytest.mark.pure

RULES = tuple(shipped_rules())
DAY = date(2026, 11, 20)
OPEN, FOR_EVER = "open", "for ever"


def day(text: str) -> date:
    return date.fromisoformat(text)


@dataclass(frozen=True)
class Case:
    """`kept` is the last day, OPEN or FOR_EVER; `by` the rules that decide; `source` what says so."""

    name: str
    source: str
    retention_class: str
    known: dict[str, Any]
    kept: str
    by: tuple[str, ...] = ()
    on: date = DAY


# A device of the high class that is no longer made: what most cases vary.
MADE = {"released_on": day("2020-03-10"), "life_years": 10, "risk": "high", "legal_class": "class_3"}
GONE = MADE | {"discontinued_on": day("2022-06-30")}
LOW = {"released_on": day("2020-03-10"), "risk": "low", "legal_class": "class_1", "discontinued_on": day("2021-01-15")}

CASES = (
    # Quality system records: GMP 2025 art. 45(4)
    Case(
        "life longer than release and company", "GMP25 45(四)",
        "quality_record", GONE | {"life_years": 15}, "2035-03-10", ("GMP25-45-life",),
    ),
    Case(
        "twelve years of life outlast three after discontinuing", "GMP25 45(四); R18.1",
        "quality_record", LOW | {"life_years": 12}, "2032-03-10", ("GMP25-45-life",),
    ),
    Case(
        "two years from release where life is one year", "GMP25 45(四)",
        "quality_record", LOW | {"life_years": 1, "released_on": day("2026-01-31")}, "2028-01-31", ("GMP25-45-release",),
    ),
    Case(
        "release on 29 February", "GMP25 45(四)",
        "quality_record", LOW | {"life_years": 1, "released_on": day("2024-02-29"), "discontinued_on": day("2021-01-15")},
        "2026-02-28", ("GMP25-45-release",),
    ),
    Case(
        "life of exactly two years: both rules decide", "GMP25 45(四)",
        "quality_record", LOW | {"life_years": 2, "released_on": day("2025-05-05")}, "2027-05-05", ("GMP25-45-life", "GMP25-45-release"),
    ),
    Case("no service life known", "GMP25 45(四)", "quality_record", GONE | {"life_years": None}, OPEN, ("GMP25-45-life",)),
    Case(
        "no date of manufacture known", "GMP25 45(四)",
        "quality_record", GONE | {"released_on": None}, OPEN, ("GMP25-45-life", "GMP25-45-release"),
    ),
    Case(
        "before November 2026 by the former GMP", "GMP14 27",
        "quality_record", GONE | {"life_years": 15}, "2035-03-10", ("GMP14-27-life",), day("2026-10-31"),
    ),
    Case(
        "the last day of the former GMP, release", "GMP14 27",
        "quality_record", LOW | {"life_years": 1, "released_on": day("2025-12-01")},
        "2027-12-01", ("GMP14-27-release",), day("2026-10-31"),
    ),
    Case(
        "the first day of the new GMP", "GMP25 45(四)",
        "quality_record", GONE | {"life_years": 15}, "2035-03-10", ("GMP25-45-life",), day("2026-11-01"),
    ),
    # The company's terms: R18.1
    Case("high risk, ten years after discontinuing", "R18.1", "quality_record", GONE, "2032-06-30", ("B-4-high",)),
    Case("middle risk, five years", "R18.1", "quality_record", GONE | {"risk": "middle", "life_years": 3}, "2027-06-30", ("B-4-middle",)),
    Case("low risk, three years", "R18.1", "quality_record", GONE | {"risk": "low", "life_years": 3}, "2025-06-30", ("B-4-low",)),
    Case("still made: high", "R18.1", "quality_record", MADE, OPEN, ("B-4-high",)),
    Case("still made: middle", "R18.1", "quality_record", MADE | {"risk": "middle"}, OPEN, ("B-4-middle",)),
    Case("still made: low", "R18.1", "quality_record", MADE | {"risk": "low"}, OPEN, ("B-4-low",)),
    Case(
        "discontinued on 29 February", "R18.1",
        "quality_record", GONE | {"discontinued_on": day("2024-02-29")}, "2034-02-28", ("B-4-high",),
    ),
    Case(
        "of another class the company's term counts too", "R18.1",
        "recall", LOW | {"recorded_on": day("2019-01-01"), "closed_on": day("2019-01-01")}, "2024-01-15", ("B-4-low",),
    ),
    # Obsolete documents: GMP 2025 art. 43(4)
    Case(
        "obsolete document, the longest life", "GMP25 43(四)",
        "controlled_document", {"obsolete_on": day("2026-11-10"), "life_years": 12}, "2038-11-10", ("GMP25-43-obsolete",),
    ),
    Case("document in force", "GMP25 43(四)", "controlled_document", {"life_years": 12}, OPEN, ("GMP25-43-obsolete",)),
    Case(
        "obsolete, no life known", "GMP25 43(四)",
        "controlled_document", {"obsolete_on": day("2026-11-10")}, OPEN, ("GMP25-43-obsolete",),
    ),
    Case(
        "obsolete under the former GMP", "GMP14 26",
        "controlled_document", {"obsolete_on": day("2026-05-01"), "life_years": 8},
        "2034-05-01", ("GMP14-26-obsolete",), day("2026-05-02"),
    ),
    # Electronic records as long as the paper: GMP 2025 art. 46(3)
    Case(
        "paper kept longer", "GMP25 46(三)",
        "quality_record", GONE | {"paper_kept_until": day("2050-12-31")}, "2050-12-31", ("GMP25-46-paper",),
    ),
    Case(
        "paper kept shorter changes nothing", "GMP25 46(三)",
        "quality_record", GONE | {"paper_kept_until": day("2030-12-31")}, "2032-06-30", ("B-4-high",),
    ),
    Case(
        "paper kept as long: both decide", "GMP25 46(三)",
        "quality_record", GONE | {"paper_kept_until": day("2032-06-30")}, "2032-06-30", ("B-4-high", "GMP25-46-paper"),
    ),
    # Adverse events: order 1 of 2018, art. 22
    Case("two years after expiry", "R1 22", "adverse_event", LOW | {"expires_on": day("2027-08-01")}, "2029-08-01", ("R1-22-expiry",)),
    Case("no expiry: five years from when it was made", "R1 22", "adverse_event", LOW, "2031-01-05", ("R1-22-no_expiry",)),
    Case(
        "no expiry: five years from its close", "R1 22",
        "adverse_event", LOW | {"closed_on": day("2026-07-01")}, "2031-07-01", ("R1-22-no_expiry",),
    ),
    Case(
        "no expiry: five years from the device's end", "R1 22",
        "adverse_event", LOW | {"closed_on": day("2026-07-01"), "retired_on": day("2026-09-09")}, "2031-09-09", ("R1-22-no_expiry",),
    ),
    Case(
        "implant: for ever", "R1 22",
        "adverse_event", LOW | {"is_implant": True, "expires_on": day("2027-08-01")}, FOR_EVER, ("OWN-implant", "R1-22-implant"),
    ),
    # Recalls: order 29, art. 21
    Case(
        "five years after the certificate ends", "R29 21",
        "recall", GONE | {"certificate_ends_on": day("2029-05-01")}, "2034-05-01", ("R29-21-registered",),
    ),
    Case(
        "the certificate was renewed", "R29 21",
        "recall", GONE | {"certificate_ends_on": day("2034-05-01")}, "2039-05-01", ("R29-21-registered",),
    ),
    Case("class II, no certificate known", "R29 21", "recall", GONE | {"legal_class": "class_2"}, OPEN, ("R29-21-registered",)),
    Case("class I: five years", "R29 21", "recall", LOW | {"closed_on": day("2026-10-01")}, "2031-10-01", ("R29-21-class_1",)),
    Case(
        "class I asks for no certificate", "R29 21",
        "recall", LOW | {"certificate_ends_on": day("2040-01-01")}, "2031-01-05", ("R29-21-class_1",),
    ),
    # Purchase and sale: order 54, arts. 32 and 38
    Case(
        "sale, two years after expiry", "R54 32, 38",
        "purchase_and_sale", LOW | {"expires_on": day("2028-02-29")}, "2030-02-28", ("R54-38-expiry",),
    ),
    Case("sale without expiry, five years", "R54 32, 38", "purchase_and_sale", LOW, "2031-01-05", ("R54-38-no_expiry",)),
    Case("sale of an implant", "R54 32, 38", "purchase_and_sale", {"is_implant": True}, FOR_EVER, ("OWN-implant", "R54-38-implant")),
    # The user's acceptance records: order 18, art. 9
    Case("user, end of the period of use", "R18 9", "user_acceptance", LOW | {"life_years": 8}, "2030-03-10", ("R18-9-use",)),
    Case(
        "user, taken out of use after it", "R18 9",
        "user_acceptance", LOW | {"life_years": 8, "retired_on": day("2029-01-01")}, "2031-01-01", ("R18-9-use",),
    ),
    Case(
        "user, taken out of use before it: the later counts", "R18 9",
        "user_acceptance", LOW | {"life_years": 8, "retired_on": day("2024-01-01")}, "2030-03-10", ("R18-9-use",),
    ),
    Case("user, in use and no period known", "R18 9", "user_acceptance", LOW, OPEN, ("R18-9-use",)),
    Case(
        "user, large: five years", "R18 9",
        "user_acceptance", LOW | {"life_years": 8, "is_large": True}, "2033-03-10", ("R18-9-large",),
    ),
    Case("user, implant", "R18 9", "user_acceptance", {"is_implant": True}, FOR_EVER, ("OWN-implant", "R18-9-implant")),
    # Maintenance files of large devices: decree 739 art. 50, order 18 art. 15
    Case(
        "maintenance file of a large device", "R739 50; R18 15",
        "user_maintenance", LOW | {"life_years": 10, "is_large": True}, "2035-03-10", ("R18-15-large", "R739-50-large"),
    ),
    Case(
        "large and still in use, no life known", "R739 50; R18 15",
        "user_maintenance", LOW | {"is_large": True}, OPEN, ("R18-15-large", "R739-50-large"),
    ),
    # Periodic risk evaluation reports: notice 46 of 2020, 2.2.5
    Case(
        "report through the product's life", "G46 2.2.5",
        "periodic_report", GONE | {"risk": "low", "life_years": 12}, "2034-06-30", ("G46-2.2.5-life",),
    ),
    Case("report of a product still made", "G46 2.2.5", "periodic_report", MADE, OPEN, ("B-4-high", "G46-2.2.5-life")),
    # Ours
    Case(
        "service record of an implant", "default of the product",
        "quality_record", GONE | {"is_implant": True}, FOR_EVER, ("OWN-implant",),
    ),
    Case("certificate of destruction", "R18.3", "destruction_record", {}, FOR_EVER, ("OWN-destruction",)),
    Case("nothing known at all", "nothing is guessed shorter", "quality_record", {}, OPEN, ("GMP25-45-life", "GMP25-45-release")),
    Case("no rule speaks of it", "nothing is guessed shorter", "user_maintenance", {"released_on": day("2020-03-10")}, OPEN),
)  # fmt: skip


def subject(retention_class: str, known: dict[str, Any]) -> Subject:
    return Subject(RetentionClass(retention_class), **{"recorded_on": day("2026-01-05")} | known)


def said(judgement: Judgement) -> str:
    return {Term.permanent: FOR_EVER, Term.open: OPEN}.get(judgement.term) or str(judgement.until)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}: {case.name}")
def test_the_latest_of_all_rules_decides(case: Case) -> None:
    judgement = judge(subject(case.retention_class, case.known), RULES, case.on)
    assert (said(judgement), tuple(sorted(o.rule.id for o in judgement.winners))) == (case.kept, tuple(sorted(case.by)))
    assert Judgement.from_json(json.loads(json.dumps(judgement.to_json()))) == judgement


def test_every_shipped_rule_decides_a_case() -> None:
    assert {rule.id for rule in RULES} == {name for case in CASES for name in case.by}
    assert all(rule.source and rule.article and rule.source_title for rule in RULES)


def test_a_contract_competes_and_a_rule_ends_with_its_day() -> None:
    promise = Rule(
        "SC-1", RuleKind.contract, ("合同", "Contract"), "HT-1", "SC-1", day("2025-01-01"), anchor=Anchor.contract_ends_on, years=15
    )
    known = subject("quality_record", GONE | {"contract_ends_on": day("2028-12-31")})
    assert said(judge(known, [*RULES, promise], DAY)) == "2043-12-31"
    assert said(judge(known, [*RULES, replace(promise, effective_to=day("2026-11-19"))], DAY)) == "2032-06-30"
    assert said(judge(subject("quality_record", GONE), [*RULES, promise], DAY)) == "2032-06-30"


def test_it_is_over_after_its_last_day_and_never_while_open() -> None:
    dated = judge(subject("quality_record", LOW | {"life_years": 2}), RULES, DAY)
    assert dated.until == day("2024-01-15")
    assert (dated.is_over(day("2024-01-15")), dated.is_over(day("2024-01-16"))) == (False, True)
    still_made = judge(subject("quality_record", MADE), RULES, DAY)
    assert (still_made.until, still_made.is_over(day("2999-01-01"))) == (day("2030-03-10"), False)


def test_the_reason_is_told_in_both_languages() -> None:
    judgement = judge(subject("quality_record", GONE), RULES, DAY)
    chinese, english = "\n".join(explain(judgement, "zh")), "\n".join(explain(judgement, "en"))
    assert chinese.startswith("保存至 2032-06-30")
    assert "决定期限的规则：高风险产品：停产后 10 年（公司规定）：停产日期" in chinese
    assert "停产日期 2022-06-30，期满 2032-06-30" in chinese
    assert english.startswith("Kept through 2032-06-30.")
    assert "no less than 2 years from release (legal, 《医疗器械生产质量管理规范》 第四十五条（四）)" in english
    waiting = explain(judge(subject("quality_record", MADE), RULES, DAY), "zh")
    assert waiting[:2] == ["终止日期未定，确定前不得销毁。", "就已知日期而言，至少保存至 2030-03-10。"]
    assert "产品尚未停产" in waiting[2]
    assert (end_words(Term.open, day("2030-03-10"), "zh"), end_words(Term.permanent, None, "en")) == ("未定（至少 2030-03-10）", "For ever")
    assert set(ANCHORS) == set(Anchor)
    assert set(Anchor) - set(WAITING) == {Anchor.settled_on, Anchor.contract_ends_on, Anchor.paper_kept_until}


def test_a_rule_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        Rule("X", RuleKind.company, ("甲", "A"), "S", "1", DAY, years=3)
    with pytest.raises(ValueError, match="101"):
        Rule("X", RuleKind.company, ("甲", "A"), "S", "1", DAY, anchor=Anchor.settled_on, years=101)
    everything = Subject(RetentionClass.recall, recorded_on=DAY)
    assert {reach for reach in Reach if everything.reaches(reach)} == {Reach.neither_implant_nor_large, Reach.without_expiry}


def test_the_list_of_files_is_what_sha256sum_reads() -> None:
    paper = ArchivedFile("SO-HD-2026-000001-repair_report.pdf", "paper", "a" * 64, "application/pdf", 9, "CODE")
    photo = ArchivedFile("7-photo.png", "attachment", "b" * 64, "image/png", 3)
    assert manifest([paper, photo]) == f"{'b' * 64}  7-photo.png\n{'a' * 64}  SO-HD-2026-000001-repair_report.pdf\n"
    assert content_hash([photo, paper]) == content_hash([paper, photo]) != content_hash([paper])
    assert (safe_name("../a:b\n"), safe_name("..")) == ("_a_b_", "_")
