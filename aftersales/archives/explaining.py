"""The words for "why until then?": made from the stored judgement alone, so they come out the same years later. Pure."""

from collections.abc import Iterator
from datetime import date

from aftersales.archives.retention import Anchor, Judgement, Outcome, Rule, Term
from aftersales.labels import basis
from aftersales.record.explanation import KINDS, LANGUAGES

ANCHORS: dict[Anchor, tuple[str, str]] = {
    Anchor.settled_on: ("记录形成、办结与设备停用三者中最晚之日", "the latest of when it was made, settled, and the device retired"),
    Anchor.released_on: ("产品放行（生产）日期", "the release of the device"),
    Anchor.expires_on: ("有效期届满日", "the expiry date"),
    Anchor.life_ends_on: ("企业规定的寿命期届满日", "the end of the service life"),
    Anchor.use_ends_on: ("使用期限届满或使用终止之日", "the end of use"),
    Anchor.discontinued_on: ("停产日期", "the day the product was discontinued"),
    Anchor.model_life_ends_on: ("停产后最后一台的寿命期届满日", "the end of life of the last unit made"),
    Anchor.certificate_ends_on: ("注册证失效日期", "the day the registration certificate ends"),
    Anchor.obsolete_life_ends_on: ("作废日期起满最长寿命期之日", "the longest service life after it became obsolete"),
    Anchor.contract_ends_on: ("合同终止日期", "the end of the contract"),
    Anchor.paper_kept_until: ("纸质原件保存至", "the day the paper original is kept until"),
}
WAITING: dict[Anchor, tuple[str, str]] = {
    Anchor.released_on: ("设备档案中没有生产日期", "the device's file has no date of manufacture"),
    Anchor.expires_on: ("没有有效期", "no expiry date is known"),
    Anchor.life_ends_on: ("缺少生产日期或型号的寿命期", "the date of manufacture or the model's service life is not known"),
    Anchor.use_ends_on: ("设备仍在使用，也没有寿命期", "the device is in use and has no service life"),
    Anchor.discontinued_on: ("产品尚未停产", "the product has not been discontinued"),
    Anchor.model_life_ends_on: ("产品尚未停产，或型号没有寿命期", "the product has not been discontinued, or has no service life"),
    Anchor.certificate_ends_on: ("型号没有注册证有效期", "the model has no date on which its certificate ends"),
    Anchor.obsolete_life_ends_on: ("文件尚未作废，或型号没有寿命期", "the document is not obsolete, or no service life is known"),
}
TEXTS = {
    "dated": ("保存至 {until}（含当日）。", "Kept through {until}."),
    "permanent": ("永久保存，不得销毁。", "Kept for ever; never destroyed."),
    "open": ("终止日期未定，确定前不得销毁。", "The end is not known yet; until it is, nothing is destroyed."),
    "at_least": ("就已知日期而言，至少保存至 {until}。", "By what is known, at least through {until}."),
    "nothing": ("没有适用的规则，请补充保存期限规则。", "No rule applies: add one."),
    "winner": ("决定期限的规则：{rule}", "Decided by: {rule}"),
    "loser": ("其他适用规则：{rule}", "Also applied: {rule}"),
    "rule": ("{label}（{ground}）", "{label} ({ground})"),
    "counted": ("{anchor} {since}，期满 {until}。", "{anchor}: {since}; ends {until}."),
    "same": ("{anchor} {until}。", "{anchor}: {until}."),
    "waits": ("{why}，期限尚未开始。", "{why}, so the term has not begun."),
    "ever": ("没有终止。", "It has no end."),
    "judged": ("依据 {day} 现行有效的规则判定；取最晚者。", "Judged by the rules in force on {day}; the latest decides."),
}


def explain(judgement: Judgement, language: str = "zh") -> list[str]:
    """A sentence for each reason, the decision first; `language` is "zh" or "en"."""
    return list(_lines(judgement, LANGUAGES.index(language)))


def _lines(judgement: Judgement, lang: int) -> Iterator[str]:
    yield TEXTS[judgement.term.value][lang].format(until=judgement.until)
    if judgement.term is Term.open and judgement.until is not None:
        yield TEXTS["at_least"][lang].format(until=judgement.until)
    if not judgement.outcomes:
        yield TEXTS["nothing"][lang]
    for outcome in judgement.outcomes:
        text = TEXTS["winner" if outcome in judgement.winners else "loser"][lang].format(rule=rule_words(outcome.rule, LANGUAGES[lang]))
        yield f"{text}{'：' if lang == 0 else ': '}{reckoning(outcome, LANGUAGES[lang])}"
    yield TEXTS["judged"][lang].format(day=judgement.judged_on)


def rule_words(rule: Rule, language: str) -> str:
    lang = LANGUAGES.index(language)
    ground = ("，", ", ")[lang].join(filter(None, (KINDS[rule.kind][lang], basis(rule))))
    return TEXTS["rule"][lang].format(label=rule.label[lang], ground=ground)


def reckoning(outcome: Outcome, language: str) -> str:
    """How one rule came to its end: from which day, or what it waits for."""
    lang = LANGUAGES.index(language)
    if outcome.rule.anchor is None:
        return TEXTS["ever"][lang]
    if outcome.term is Term.open:
        return _begun(TEXTS["waits"][lang].format(why=WAITING[outcome.rule.anchor][lang]))
    anchor = ANCHORS[outcome.rule.anchor][lang]
    return _begun(
        TEXTS["same" if outcome.rule.years == 0 else "counted"][lang].format(anchor=anchor, since=outcome.since, until=outcome.until)
    )


def end_words(term: Term, until: date | None, language: str) -> str:
    """The end in a line: "2041-03-01", "永久", "未定（至少 2036-05-01）"."""
    lang = LANGUAGES.index(language)
    if term is Term.permanent:
        return ("永久", "For ever")[lang]
    if term is Term.dated:
        return f"{until}"
    return ("未定", "Open")[lang] if until is None else (f"未定（至少 {until}）", f"Open (at least {until})")[lang]


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
