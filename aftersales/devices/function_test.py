"""Function tests and check-lists: the forms by which a model, or a family, is tested and checked, version by version.

One machinery for all: a form has a purpose, and lines that are answered by a number, by pass or fail, by a choice or in words.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, Name
from aftersales.devices.family import DeviceFamily
from aftersales.devices.model import DeviceModel
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines, Setting, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import Standing

if TYPE_CHECKING:
    from aftersales.devices.form_item import FunctionTestItem


# Who wrote any part of a version does not approve it.
WRITING = ("create", "update", "create_line", "update_line", "delete_line")


class FormPurpose(StrEnum):
    """What a form is for."""

    function_test = auto()
    installation = auto()
    maintenance = auto()


class FunctionTest(SharedRecord):
    """One version of a form. Once approved it is locked; it counts from its day until the day of the next version."""

    prefix = "FT"
    access = written_by(Role.administrator, Role.technical_support, Role.quality)
    known_by = ("purpose", "family", "model")
    setting = Setting(holds="effective")

    purpose: Mapped[FormPurpose] = mapped_column(default=FormPurpose.function_test, server_default="function_test")
    name: Mapped[Name]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    family_id: Mapped[int | None] = mapped_column(ForeignKey("device_family.id"))
    revision: Mapped[int] = mapped_column(default=1)
    effective_on: Mapped[Day | None]

    model: Mapped[DeviceModel | None] = reference()
    family: Mapped[DeviceFamily | None] = reference()
    items: Mapped[list["FunctionTestItem"]] = relationship(
        back_populates="test", order_by="FunctionTestItem.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("(model_id IS NULL) <> (family_id IS NULL)", name="model_or_family"),
        Index("ix_function_test_model_id_state", "model_id", "state"),
        Index("ix_function_test_family_id_state", "family_id", "state"),
    )

    listing = ("number", "purpose", "name", "family", "model", "revision", "effective_on", "state")
    filters = ("state", "purpose", "family_id", "model_id")
    searched = ("number", "name")
    sections = {"basics": ("purpose", "name", "family_id", "model_id", "revision", "effective_on"), "items": ()}
    fixed = ("revision", "effective_on")
    lines = (Lines("items", "items"),)
    workflow = Workflow(
        states=(
            State("draft", writes=("basics", "items")),
            State("effective", requires=("effective_on",), seals=True),
            State("obsolete", seals=True, ends=True),
        ),
        transitions=(
            Transition("approve", "draft", "effective", by=(Role.quality,), fields=("effective_on",), apart_from=WRITING),
            Transition("withdraw", "effective", "obsolete", by=(Role.quality,), reason=True),
        ),
    )

    @property
    def hint(self) -> str:
        return self.name

    def on_create(self) -> None:
        self.on_change()
        session: Session = object_session(self)
        with session.no_autoflush:
            self.purpose = self.purpose or FormPurpose.function_test
            last = session.scalar(select(func.max(FunctionTest.revision)).where(*self._same_product()))
        self.revision = (last or 0) + 1

    def on_change(self) -> None:
        given = [bool(pk or row) for pk, row in self._products()]
        if all(given):
            raise Refusal(_("Either a model or a family."), field="model_id")
        if not any(given):
            raise Refusal(_("Choose the model or the family that it is for."), field="family_id")

    def check_approve(self) -> None:
        if not self.items:
            raise Refusal(_("A test form needs at least one item."), field="items")
        names = [item.name for item in self.items]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise Refusal(_("Two lines bear the same name: %(name)s", name=twice[0]), field="items")
        if self.effective_on is not None and self.effective_on < today():
            raise Refusal(_("What was tested before was tested by other versions: choose today or a later day."), field="effective_on")

    def on_approve(self) -> None:
        self.effective_on = self.effective_on or today()

    def after_approve(self, reason: str) -> None:
        """The version before it gives way at once, or on the day when this one is to count."""
        if self.effective_on > today():
            return
        session: Session = object_session(self)
        earlier_ones = select(FunctionTest).where(
            *self._same_product(), FunctionTest.state == "effective", FunctionTest.effective_on <= self.effective_on,
            FunctionTest.id != self.id,
        )  # fmt: skip
        for earlier in session.scalars(earlier_ones):
            perform(earlier, "withdraw", reason=_("Replaced by revision %(revision)s.", revision=self.revision))

    def on_withdraw(self) -> None:
        """One that never came to count leaves no day on which it did."""
        if self.effective_on > today():
            self.effective_on = None

    def _products(self) -> tuple[tuple[int | None, Any], ...]:
        """Model and family by id and as a record: a new version may have either."""
        return (self.model_id, self.model), (self.family_id, self.family)

    def _same_product(self) -> tuple[Any, ...]:
        model_id, family_id = (pk or (row.id if row is not None else None) for pk, row in self._products())
        own = FunctionTest.model_id == model_id if model_id else FunctionTest.family_id == family_id
        return own, FunctionTest.purpose == self.purpose

    def versions(self, limit: int = 100) -> "list[FunctionTest]":
        """Every version for the same product and purpose, the newest first."""
        session: Session = object_session(self)
        return list(session.scalars(select(FunctionTest).where(*self._same_product()).order_by(FunctionTest.revision.desc()).limit(limit)))


def form_for(
    session: Session, model: DeviceModel, day: date | None = None, purpose: FormPurpose = FormPurpose.function_test
) -> FunctionTest | None:
    """The version that counts for a model on `day` (today): of its own form, else of its family's. One that was withdrawn counts no
    longer, and brings none before it back."""
    for own in (FunctionTest.model_id == model.id, FunctionTest.family_id == model.family_id):
        chosen = select(FunctionTest).where(
            own, FunctionTest.purpose == purpose, FunctionTest.state != "draft", FunctionTest.effective_on <= (day or today())
        )
        last = session.scalars(chosen.order_by(FunctionTest.effective_on.desc(), FunctionTest.id.desc()).limit(1)).one_or_none()
        if last is not None and last.state == "effective":
            return last
    return None


def standings(versions: Iterable[FunctionTest]) -> Mapping[int, Standing]:
    """Where each version of one form stands today; drafts stand nowhere yet."""
    approved = [form for form in versions if form.state != "draft"]
    begun = [form for form in approved if form.effective_on is not None and form.effective_on <= today()]
    last = max(begun, key=lambda form: (form.effective_on, form.id), default=None)
    return {
        form.id: Standing.in_force if form is last and form.state == "effective"
        else Standing.coming if form.state == "effective" and form not in begun
        else Standing.past
        for form in approved
    }  # fmt: skip


# At the end, because the items name this module: whoever maps the forms maps their items too, else the first look at a mapper fails.
from aftersales.devices import form_item as _form_item  # noqa: E402, F401
