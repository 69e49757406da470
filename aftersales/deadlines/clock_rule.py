"""Clock rules: every deadline of the law and of the company as a dated row. A row is never edited; a change is a new version of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, event, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Day, Json, LongText, Name, ShortText
from aftersales.deadlines.calendar import calendar_of
from aftersales.deadlines.condition import offered_milestones, problem_of
from aftersales.deadlines.memory import forget, once_a_transaction, while_unchanged
from aftersales.deadlines.rejudging import OPEN, Change, Reach, changes, midnight
from aftersales.deadlines.wording import ConditionWords
from aftersales.labels import citation, language
from aftersales.record.base import SharedRecord
from aftersales.record.clocks import LEGAL, ClockRun
from aftersales.record.deadline import Decision, Rule, RuleKind, Unit, decide, loosens
from aftersales.record.now import CHINA, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Setting, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

KEY = "rule_book"
# Ten years: what is longer is a slip of the finger, and counting it out would take the page along.
LONGEST = {Unit.minutes: 10 * 366 * 24 * 60, Unit.hours: 10 * 366 * 24, Unit.calendar_days: 3660, Unit.working_days: 2500}
YEARS = range(1990, 2200)


class ClockRule(SharedRecord):
    """One version of a rule. Proposed by one person, approved by another; approved rules are locked, and end by being withdrawn.

    `condition` maps a fact to its value or list of allowed values, as in {"fault_level": "level_1"}; empty holds always.
    `first` is the first version of the same rule, None in the first itself: each version holds until the day of the next.
    """

    prefix = "CR"
    access = written_by(Role.administrator, Role.quality, Role.manager)
    known_by = ("milestone", "kind", "condition", "source", "article", "effective_from")
    setting = Setting(holds="approved", shipped="shipped_id")

    first_id: Mapped[int | None] = mapped_column(ForeignKey("clock_rule.id"))
    shipped_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    milestone: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int]
    unit: Mapped[Unit]
    kind: Mapped[RuleKind]
    condition: Mapped[dict] = mapped_column(Json, default=dict, info={"in_words": ConditionWords})
    source: Mapped[str] = mapped_column(String(120))
    source_title: Mapped[ShortText | None]
    article: Mapped[str] = mapped_column(String(64))
    requirement: Mapped[str | None] = mapped_column(String(16))
    name: Mapped[Name]
    name_en: Mapped[Name]
    reason: Mapped[LongText | None]
    effective_from: Mapped[Day]
    effective_to: Mapped[Day | None]
    remind_before_minutes: Mapped[int | None]
    withdrawn_on: Mapped[Day | None]

    first: Mapped["ClockRule | None"] = reference(remote_side="ClockRule.id")

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("kind <> 'contract'", name="kind"),
        CheckConstraint("effective_from <= effective_to", name="effective_to"),
        CheckConstraint("remind_before_minutes > 0", name="remind_before_minutes"),
        Index("ix_clock_rule_milestone_state", "milestone", "state"),
        Index("ix_clock_rule_first_id", "first_id"),
    )

    listing = ("number", "name", "milestone", "amount", "unit", "kind", "source", "article", "effective_from", "effective_to", "state")
    filters = ("state", "kind", "milestone")
    searched = ("number", "shipped_id", "name", "name_en", "milestone", "source")
    offers = {"milestone": offered_milestones}
    sections = {
        "rule": ("milestone", "name", "name_en", "condition", "amount", "unit", "kind", "remind_before_minutes"),
        "source": ("source", "source_title", "article", "requirement", "shipped_id"),
        "force": ("reason", "effective_from", "effective_to", "withdrawn_on", "first_id"),
    }
    fixed = ("requirement", "shipped_id", "withdrawn_on")
    workflow = Workflow(
        states=(
            State("proposed", requires=("reason",), writes=("rule", "source", "force")),
            State("approved", seals=True),
            State("rejected", seals=True, ends=True),
            State("withdrawn", requires=("withdrawn_on",), seals=True, ends=True),
        ),
        transitions=(
            Transition("approve", "proposed", "approved", by=(Role.quality, Role.manager), apart_from=("create", "update")),
            Transition("reject", "proposed", "rejected", by=(Role.quality, Role.manager), reason=True),
            Transition("withdraw", "approved", "withdrawn", by=(Role.quality,), reason=True),
        ),
    )

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name

    @property
    def hint(self) -> str:
        return citation(self.source, self.article)

    @property
    def rule_id(self) -> str:
        """What decisions know it by."""
        return self.shipped_id or self.number or ""

    @property
    def was_held(self) -> bool:
        """Whether it holds, held or will hold: withdrawn before its day, a rule never does."""
        return self.state == "approved" or (self.withdrawn_on is not None and self.withdrawn_on >= self.effective_from)

    @property
    def lineage(self) -> int:
        """What the versions of one rule have in common: the id of the first."""
        return self.first_id or self.id

    def on_create(self) -> None:
        self.on_change()
        self.requirement = self.first.requirement if self.first else None

    def on_change(self) -> None:
        """What cannot be meant is refused while somebody can still correct it."""
        if errors := dict(self._problems()):
            raise Refusal(errors={field: [text] for field, text in errors.items()})
        try:
            self.as_rule()
        except (ValueError, TypeError) as error:
            raise Refusal(_("This rule cannot be meant: %(problem)s", problem=str(error)), field="condition") from error

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.milestone not in dict(offered_milestones()):
            yield "milestone", _("There is no milestone “%(name)s”.", name=self.milestone)
        elif problem := problem_of(self.milestone, self.condition):
            yield "condition", problem
        if self.kind is RuleKind.contract:
            yield "kind", _("What a contract promises is written in the contract.")
        if self.unit is not None and self.amount is not None and not 0 <= self.amount <= LONGEST[self.unit]:
            yield "amount", _("From 0 to %(most)s.", most=LONGEST[self.unit])
        if self.remind_before_minutes is not None and not 1 <= self.remind_before_minutes <= LONGEST[Unit.minutes]:
            yield "remind_before_minutes", _("From 1 to %(most)s.", most=LONGEST[Unit.minutes])
        if self.effective_from is not None and self.effective_from.year not in YEARS:
            yield "effective_from", _("This date is out of range.")
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            yield "effective_to", _("It would end before it begins.")
        if self.first is not None:
            yield from self._differences(self.first)

    def _differences(self, first: "ClockRule") -> Iterator[tuple[str, str]]:
        """A version is of the same rule: it may change how long, when and why, not what or by whose demand."""
        if first.first_id is not None:
            yield "first_id", _("This is a version itself: name the first one.")
        if first.milestone != self.milestone:
            yield "milestone", _("A version keeps the milestone of its rule.")
        if first.kind is not self.kind:
            yield "kind", _("A version keeps the kind of its rule. Propose a rule of its own, and withdraw this one.")

    def check_approve(self) -> None:
        self.on_change()
        if self.kind is RuleKind.company:
            session: Session = object_session(self)
            legal = loosens(self.as_rule(), rules_for(session, self.milestone))
            if legal is not None:
                message = _("The law is stricter: %(rule)s. A company rule may tighten it, never loosen it.", rule=_words(legal))
                raise Refusal(message, field="amount")

    def after_approve(self, reason: str) -> None:
        """Open clocks the rule reaches are judged by it from now on: those that began since it is in force."""
        from aftersales.deadlines.recount import recount  # the jobs know every feature, and so this one

        session: Session = object_session(self)
        recount(session, self, self.reach(session))

    def reach(self, session: Session) -> Reach:
        return reach_of(session, self, versions_of(session, self))

    def on_withdraw(self) -> None:
        """It holds to the end of this day; what began under it stays judged by it. The version before it does not come back."""
        self.withdrawn_on = today()

    def as_rule(self) -> Rule:
        """The value the arithmetic takes, as this row says it alone. ValueError for a rule that cannot be meant."""
        ends = [day for day in (self.effective_to, self.withdrawn_on) if day is not None]
        return Rule(
            id=self.rule_id,
            milestone=self.milestone,
            amount=self.amount,
            unit=self.unit,
            kind=self.kind,
            source=self.source,
            source_title=self.source_title or "",
            article=self.article,
            requirement=self.requirement or "",
            effective_from=self.effective_from,
            effective_to=min(ends) if ends else None,
            remind_before_minutes=self.remind_before_minutes,
            label=(self.name, self.name_en),
            when={fact: tuple(values) if isinstance(values, list) else values for fact, values in (self.condition or {}).items()},
        )


def rules_for(session: Session, milestone: str) -> list[Rule]:
    """The rules of a milestone that are or were in force: each judges what began in its time."""
    book = once_a_transaction(session, KEY, lambda: while_unchanged(session, KEY, (ClockRule,), lambda: _rule_book(session)))
    return [rule for rule in book if rule.milestone == milestone]


def _rule_book(session: Session) -> tuple[Rule, ...]:
    with session.no_autoflush:
        chosen = select(ClockRule).where(ClockRule.state.in_(("approved", "withdrawn"))).order_by(ClockRule.id)
        rows = [row for row in session.scalars(chosen) if row.was_held]
    ends = last_days(rows)
    return tuple(_until(row.as_rule(), ends[row.id]) for row in rows if ends[row.id] is None or ends[row.id] >= row.effective_from)


def _until(rule: Rule, last: date | None) -> Rule:
    return rule if last == rule.effective_to else replace(rule, effective_to=last)


def last_days(rows: Iterable[ClockRule]) -> dict[int, date | None]:
    """The last day each row holds, None for one without an end: the day before its next version, unless it ends sooner by itself."""
    versions: dict[int, list[ClockRule]] = {}
    for row in rows:
        versions.setdefault(row.lineage, []).append(row)
    found: dict[int, date | None] = {}
    for same in versions.values():
        same.sort(key=lambda row: (row.effective_from, row.id))
        for row, later in zip(same, [*same[1:], None], strict=True):
            superseded = later.effective_from - timedelta(days=1) if later is not None else None
            found[row.id] = min((day for day in (superseded, row.effective_to, row.withdrawn_on) if day is not None), default=None)
    return found


def versions_of(session: Session, row: ClockRule) -> list[ClockRule]:
    """Every version of the rule, also what was only proposed, the newest first."""
    chosen = select(ClockRule).where(or_(ClockRule.id == row.lineage, ClockRule.first_id == row.lineage))
    return list(session.scalars(chosen.order_by(ClockRule.effective_from.desc(), ClockRule.id.desc())))


def superseded_by(row: Any, versions: Sequence[Any]) -> Any:
    """The version that took the place of a dated rule and holds today; None where none did. `versions`: all, the newest first."""
    latest = next((version for version in versions if version.was_held and version.effective_from <= today()), row)
    return latest if (latest.effective_from, latest.id) > (row.effective_from, row.id) else None


def reach_of(session: Session, row: ClockRule, versions: Sequence[ClockRule]) -> Reach:
    """The open clocks that began in the days of `row`, each judged again by the facts and rules its decision keeps, with `row` in the
    place of the other versions of its rule."""
    new = _until(row.as_rule(), last_days(version for version in versions if version is row or version.was_held)[row.id])
    others = {version.rule_id for version in versions}
    calendar = calendar_of(session)

    def judge(run: ClockRun, earlier: Decision) -> Decision | None:
        if not new.in_force(run.started_at.astimezone(CHINA).date()):
            return earlier
        rules = [candidate.rule for candidate in earlier.candidates if candidate.rule.id not in others]
        return decide(new.milestone, earlier.facts, run.started_at, [*rules, new], calendar, earlier.pauses)

    track = LEGAL if row.kind is RuleKind.legal else "company"
    chosen = OPEN.where(ClockRun.milestone == row.milestone, ClockRun.track == track)
    chosen = chosen.where(ClockRun.started_at >= midnight(row.effective_from)).order_by(ClockRun.started_at.desc())
    return Reach(chosen, judge)


def preview(session: Session, rule: ClockRule) -> list[Change]:
    """The open clocks that would fall due at another time if the rule were approved, the most urgent first."""
    moved = [change for change in changes(session, rule.reach(session)) if change.moves]
    return sorted(moved, key=lambda change: change.old_due_at)


def _words(rule: Rule) -> str:
    return f"{rule.label[1 if language() == 'en' else 0]} ({rule.source_title or rule.source}, {rule.article})"


@event.listens_for(ClockRule, "after_insert")
@event.listens_for(ClockRule, "after_update")
def _forget(mapper: object, connection: object, row: ClockRule) -> None:
    forget(object_session(row), KEY)
