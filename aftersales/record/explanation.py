"""The words for "why is this due then?": made from the stored decision alone, so they come out the same years later."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from aftersales.record.decision import Candidate, DayKind, DayNote, Decision, Pause
from aftersales.record.now import CHINA
from aftersales.record.rule import Fact, Rule, RuleKind, Unit

LANGUAGES = ("zh", "en")
UNITS = {
    Unit.minutes: ("分钟", "minutes"),
    Unit.hours: ("小时", "hours"),
    Unit.calendar_days: ("日", "calendar days"),
    Unit.working_days: ("个工作日", "working days"),
}
KINDS = {RuleKind.legal: ("法定", "legal"), RuleKind.company: ("公司规定", "company"), RuleKind.contract: ("合同约定", "contract")}
DAYS = {
    DayKind.holiday: ("{name}放假 {days}", "{name} {days}"),
    DayKind.weekend: ("周末 {days}", "weekend {days}"),
    DayKind.paused: ("暂停 {days}", "paused {days}"),
    DayKind.make_up: ("{days}（{name}调休上班）", "{days} (worked to make up for {name})"),
}
TEXTS = {
    "due": ("{milestone}：应在 {due}（北京时间）前完成。", "{milestone}: due by {due} (Beijing time)."),
    "held": (
        "{milestone}：时钟自 {since} 起暂停，恢复后才有到期时间。",
        "{milestone}: the clock stands since {since}; it has no due time until it goes on.",
    ),
    "start": ("起算：{start}（北京时间）。", "Began: {start} (Beijing time)."),
    "facts": ("事实：{facts}。", "Facts: {facts}."),
    "winner": ("依据：{rule}。", "Because of: {rule}."),
    "loser": ("另有较宽的规则：{rule}，到期 {due}。", "A wider rule also applied: {rule}, due {due}."),
    "rule": (
        "规则 {id}「{label}」，{amount} {unit}（{kind}），出处 {source}，{from_day} 起施行",
        "rule {id} “{label}”, {amount} {unit} ({kind}), source {source}, in force since {from_day}",
    ),
    "days_rule": (
        "按日计算：起算当日不计，至最后一日 24:00 为止。",
        "Counted in days: the day it began is left out, the last day ends at 24:00.",
    ),
    "skipped": ("{id} 不计入的日子：{days}。", "Days not counted for {id}: {days}."),
    "make_up": ("{id} 计入的周末：{days}。", "Weekend days counted for {id}: {days}."),
    "notices": ("工作日依据：{notices}。", "Working days by: {notices}."),
    "unannounced": (
        "注意：{years} 年的放假安排当时尚未公布，该年仅按周末推算，公布后可能变化。",
        "Note: no holiday notice for {years} was known; that year is counted by weekends only and may change.",
    ),
    "pause": ("暂停：{since} 至 {until}{reason}。", "Paused: {since} to {until}{reason}."),
    "open": ("尚未恢复", "still open"),
    "late": (
        "采集于 {captured}（离线），发送于 {sent}；按采集时间结算。",
        "Captured {captured} (offline), sent {sent}; settled by the time of capture.",
    ),
    "none": ("暂停中", "held by the pause"),
}
BOOLEANS = {True: ("是", "yes"), False: ("否", "no"), None: ("未知", "unknown")}


def explain(decision: Decision, language: str = "zh", words: Mapping[str, str] | None = None) -> str:
    """Why it is due then, a line for each reason; `language` is "zh" or "en".

    `words` gives milestones, facts and values their names for people; what it lacks is shown by its identifier.
    """
    return "\n".join(_lines(decision, _Speech(language, words or {})))


def explain_late(captured: datetime, sent: datetime, language: str = "zh") -> str:
    """By which of two times a milestone was settled that was captured without a network."""
    return _Speech(language, {}).say("late", captured=_moment(captured), sent=_moment(sent))


class _Speech:
    """One language, and the reader's words for identifiers."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.index = LANGUAGES.index(language)
        self.words = words

    def say(self, text: str, **values: object) -> str:
        return TEXTS[text][self.index].format(**values)

    def word(self, value: Fact) -> str:
        if value is None or isinstance(value, bool):
            return BOOLEANS[value][self.index]
        return self.words.get(str(value), str(value))

    def joined(self, items: Sequence[str]) -> str:
        return ("、", ", ")[self.index].join(items)


def _lines(decision: Decision, speech: _Speech) -> Iterator[str]:
    milestone = speech.word(decision.milestone)
    if decision.due_at is None:
        since = min(pause.since for pause in decision.pauses if pause.until is None)
        yield speech.say("held", milestone=milestone, since=_moment(since))
    else:
        yield speech.say("due", milestone=milestone, due=_due(decision.winners[0], speech))
    yield speech.say("start", start=_moment(decision.started_at))
    if decision.facts:
        pairs = [f"{speech.word(name)} = {speech.word(value)}" for name, value in sorted(decision.facts.items())]
        yield speech.say("facts", facts=speech.joined(pairs))
    for candidate in decision.winners:
        yield speech.say("winner", rule=_rule(candidate.rule, speech))
    for candidate in decision.losers:
        yield speech.say("loser", rule=_rule(candidate.rule, speech), due=_due(candidate, speech))
    if any(candidate.rule.unit.counts_days for candidate in decision.candidates):
        yield speech.say("days_rule")
    for candidate in decision.candidates:
        yield from _day_lines(candidate, speech)
    notices = sorted({number for candidate in decision.candidates for number in candidate.notice_numbers})
    if notices:
        yield speech.say("notices", notices=speech.joined(notices))
    if decision.unannounced_years:
        yield speech.say("unannounced", years=speech.joined([str(year) for year in decision.unannounced_years]))
    for pause in decision.pauses:
        yield _pause(pause, speech)


def _rule(rule: Rule, speech: _Speech) -> str:
    unit = UNITS[rule.unit][speech.index]
    return speech.say(
        "rule",
        id=rule.id,
        label=rule.label[speech.index],
        amount=rule.amount,
        unit=unit.removesuffix("s") if rule.amount == 1 else unit,
        kind=KINDS[rule.kind][speech.index],
        source=" ".join(filter(None, (rule.source, rule.source_title and f"《{rule.source_title}》", rule.article))),
        from_day=rule.effective_from,
    )


def _day_lines(candidate: Candidate, speech: _Speech) -> Iterator[str]:
    for text, notes in (
        ("skipped", [note for note in candidate.day_notes if note.kind is not DayKind.make_up]),
        ("make_up", [note for note in candidate.day_notes if note.kind is DayKind.make_up]),
    ):
        if notes:
            yield speech.say(text, id=candidate.rule.id, days=speech.joined([_days(run, speech) for run in _runs(notes)]))


def _runs(notes: Sequence[DayNote]) -> list[list[DayNote]]:
    """Neighbouring days of one kind and name together."""
    numbered = groupby(enumerate(notes), key=lambda pair: (pair[1].kind, pair[1].name, pair[1].day - timedelta(days=pair[0])))
    return [[note for _, note in run] for _, run in numbered]


def _days(run: Sequence[DayNote], speech: _Speech) -> str:
    first, last = run[0], run[-1]
    days = str(first.day) if first is last else f"{first.day} {('至', 'to')[speech.index]} {last.day}"
    return DAYS[first.kind][speech.index].format(days=days, name=first.name[speech.index] if first.name else "")


def _pause(pause: Pause, speech: _Speech) -> str:
    until = _moment(pause.until) if pause.until else speech.say("open")
    reason = (f"（{pause.reason}）", f" ({pause.reason})")[speech.index] if pause.reason else ""
    return speech.say("pause", since=_moment(pause.since), until=until, reason=reason)


def _due(candidate: Candidate, speech: _Speech) -> str:
    if candidate.due_at is None:
        return speech.say("none")
    if candidate.rule.unit.counts_days:
        last_day = candidate.due_at.astimezone(CHINA).date() - timedelta(days=1)
        return f"{last_day} 24:00"
    return _moment(candidate.due_at)


def _moment(moment: datetime) -> str:
    """To the minute, and to the second where there is one: what is shown must not seem to disagree with what was computed."""
    local = moment.astimezone(CHINA)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
