"""Rules of retention as dated rows: of the law and of the company. A row is never edited; a change is a new version of it."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.archives import retention
from aftersales.archives.recheck import ask_recheck
from aftersales.archives.retention import Anchor, Reach, RetentionClass
from aftersales.archives.rulebook import shipped_rules
from aftersales.columns import Day, LongText, Name, ShortText
from aftersales.devices.model import Risk
from aftersales.labels import citation, language
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.rule import RuleKind
from aftersales.record.words import Setting, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role

REASON = "随产品提供的默认值，请按本公司文件核对"
MOST_YEARS = 100
YEARS = range(1990, 2200)


class RetentionRule(SharedRecord):
    """One version of a rule. Proposed by one person, approved by another; approved rules are locked, and end by being withdrawn.

    `years` count from the day of `anchor`; without both the records are kept for ever. `first` is the first version of the same rule,
    None in the first itself: each version holds until the day of the next.
    """

    prefix = "RR"
    access = written_by(Role.administrator, Role.quality, Role.regulatory, Role.manager)
    known_by = ("source", "article", "retention_class", "reach", "risk", "anchor", "effective_from")
    setting = Setting(holds="approved", shipped="shipped_id")

    first_id: Mapped[int | None] = mapped_column(ForeignKey("retention_rule.id"))
    shipped_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    name: Mapped[Name]
    name_en: Mapped[Name]
    kind: Mapped[RuleKind]
    retention_class: Mapped[RetentionClass | None]
    reach: Mapped[Reach | None]
    risk: Mapped[Risk | None]
    anchor: Mapped[Anchor | None]
    years: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(120))
    source_title: Mapped[ShortText | None]
    article: Mapped[str] = mapped_column(String(64))
    reason: Mapped[LongText | None]
    effective_from: Mapped[Day]
    effective_to: Mapped[Day | None]
    withdrawn_on: Mapped[Day | None]

    first: Mapped["RetentionRule | None"] = reference(remote_side="RetentionRule.id")

    __table_args__ = (
        CheckConstraint("kind <> 'contract'", name="kind"),
        CheckConstraint(f"years BETWEEN 0 AND {MOST_YEARS}", name="years"),
        CheckConstraint("(years IS NULL) = (anchor IS NULL)", name="counted"),
        CheckConstraint("effective_from <= effective_to", name="effective_to"),
        Index("ix_retention_rule_first_id", "first_id"),
    )

    listing = ("name", "retention_class", "anchor", "years", "kind", "source", "effective_from", "state")
    filters = ("state", "kind", "retention_class")
    searched = ("number", "shipped_id", "name", "name_en", "source", "article")
    sections = {
        "rule": ("name", "name_en", "kind", "retention_class", "reach", "risk", "anchor", "years"),
        "source": ("source", "source_title", "article", "shipped_id"),
        "force": ("reason", "effective_from", "effective_to", "withdrawn_on", "first_id"),
    }
    fixed = ("shipped_id", "withdrawn_on")
    fills = {
        "first_id": {
            name: name
            for name in (
                "name",
                "name_en",
                "kind",
                "retention_class",
                "reach",
                "risk",
                "anchor",
                "years",
                "source",
                "source_title",
                "article",
            )
        }
    }
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
    def was_held(self) -> bool:
        """Whether it holds, held or will hold: withdrawn before its day, a rule never does."""
        return self.state == "approved" or (self.withdrawn_on is not None and self.withdrawn_on >= self.effective_from)

    @property
    def lineage(self) -> int:
        """What the versions of one rule have in common: the id of the first."""
        return self.first_id or self.id

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if errors := dict(self._problems()):
            raise Refusal(errors={field: [text] for field, text in errors.items()})

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.kind is RuleKind.contract:
            yield "kind", _("What a contract promises is written in the contract.")
        if self.years is not None and not 0 <= self.years <= MOST_YEARS:
            yield "years", _("From 0 to %(most)s.", most=MOST_YEARS)
        elif (self.years is None) != (self.anchor is None):
            yield "years", _("Say both, the years and the day they count from; or neither, for what is kept for ever.")
        if self.effective_from is not None and self.effective_from.year not in YEARS:
            yield "effective_from", _("This date is out of range.")
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            yield "effective_to", _("It would end before it begins.")
        if self.first is not None and self.first.first_id is not None:
            yield "first_id", _("This is a version itself: name the first one.")
        elif self.first is not None and self.first.kind is not self.kind:
            yield "kind", _("A version keeps the kind of its rule. Propose a rule of its own, and withdraw this one.")

    def check_approve(self) -> None:
        self.on_change()

    def after_approve(self, reason: str) -> None:
        ask_recheck(object_session(self), _("The rule “%(rule)s” was approved.", rule=self.name), due_on=max(today(), self.effective_from))
        if self.effective_to is not None:
            ended = _("The rule “%(rule)s” ended.", rule=self.name)
            ask_recheck(object_session(self), ended, due_on=max(today(), self.effective_to + timedelta(days=1)))

    def on_withdraw(self) -> None:
        """It holds to the end of this day. The version before it does not come back."""
        self.withdrawn_on = today()

    def after_withdraw(self, reason: str) -> None:
        ask_recheck(object_session(self), _("The rule “%(rule)s” was withdrawn.", rule=self.name), due_on=today() + timedelta(days=1))

    def as_rule(self) -> retention.Rule:
        """The value the reckoning takes, as this row says it alone."""
        ends = [day for day in (self.effective_to, self.withdrawn_on) if day is not None]
        return retention.Rule(
            id=self.shipped_id or self.number or "", kind=self.kind, label=(self.name, self.name_en), source=self.source,
            source_title=self.source_title or "", article=self.article, anchor=self.anchor, years=self.years,
            retention_class=self.retention_class, reach=self.reach, risk=self.risk and self.risk.value, effective_from=self.effective_from,
            effective_to=min(ends) if ends else None,
        )  # fmt: skip


def rules_in_force(session: Session, day: date) -> list[retention.Rule]:
    """The rules of retention that hold on `day`: of each the version whose day came last."""
    with session.no_autoflush:
        chosen = select(RetentionRule).where(RetentionRule.state.in_(("approved", "withdrawn")), RetentionRule.effective_from <= day)
        rows = [row for row in session.scalars(chosen.order_by(RetentionRule.effective_from, RetentionRule.id)) if row.was_held]
    latest = {row.lineage: row.as_rule() for row in rows}
    return [rule for rule in latest.values() if rule.effective_to is None or rule.effective_to >= day]


def versions_of(session: Session, row: RetentionRule) -> list[RetentionRule]:
    """Every version of the rule, also what was only proposed, the newest first."""
    chosen = select(RetentionRule).where(or_(RetentionRule.id == row.lineage, RetentionRule.first_id == row.lineage))
    return list(session.scalars(chosen.order_by(RetentionRule.effective_from.desc(), RetentionRule.id.desc())))


def load_shipped_terms(session: Session) -> int:
    """Write the rules shipped with the program that are not there yet; says how many. No row that exists is touched."""
    known = set(session.scalars(select(RetentionRule.shipped_id).where(RetentionRule.shipped_id.is_not(None))))
    fresh = [_row(rule) for rule in shipped_rules() if rule.id not in known]
    session.add_all(fresh)
    session.flush()
    for row in fresh:
        perform(row, "approve")
    return len(fresh)


def _row(rule: retention.Rule) -> RetentionRule:
    names: Iterable[str] = (
        "kind",
        "source",
        "source_title",
        "article",
        "anchor",
        "years",
        "retention_class",
        "reach",
        "effective_from",
        "effective_to",
    )
    values = {name: getattr(rule, name) for name in names}
    chosen, english = rule.label
    return RetentionRule(shipped_id=rule.id, name=chosen, name_en=english, risk=rule.risk and Risk(rule.risk), reason=REASON, **values)
