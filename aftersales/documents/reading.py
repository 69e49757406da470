"""Read and understood: who has to read a version, and who has passed its test."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.documents.version import WRITERS, DocumentVersion, ReadingQuestion
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.security.manager import users_with_role


class ReadingTask(SharedRecord):
    """One person has to read one version, and to answer its questions."""

    made_by_hand = False
    access = written_by()

    document_version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    person_name: Mapped[str] = mapped_column(String(120))
    answers: Mapped[str | None] = mapped_column(String(200))
    passed_at: Mapped[datetime | None]

    document_version: Mapped[DocumentVersion] = reference()

    __table_args__ = (
        UniqueConstraint("document_version_id", "user_id"),
        Index("ix_reading_task_user_id_state", "user_id", "state"),
        Index("ix_reading_task_document_version_id_state", "document_version_id", "state"),
    )

    listing = ("document_version", "person_name", "passed_at", "state")
    filters = ("document_version_id",)
    about_from = ("document_version.document",)
    searched = ("person_name",)
    sections = {"reading": ("document_version_id", "person_name", "passed_at")}
    fixed = ("document_version_id", "person_name", "passed_at")
    responsible = "user_id"
    unseen = frozenset({"user_id", "answers"})
    workflow = Workflow(
        states=(
            State("to_read"),
            State("passed", requires=("passed_at",), ends=True),
            State("excused", ends=True),
            State("dropped"),
        ),
        transitions=(
            Transition(
                "pass_test", "to_read", "passed", by=tuple(role for role in Role if role is not Role.inspector), fields=("answers",)
            ),
            Transition("excuse", "to_read", "excused", by=(Role.quality, Role.manager), reason=True),
            Transition("drop", ("to_read", "passed", "excused"), "dropped", by=WRITERS, reason=True),
            Transition("ask_again", "dropped", "to_read", by=WRITERS),
        ),
    )

    def __str__(self) -> str:
        return f"{self.document_version} · {self.person_name}"

    @classmethod
    def may_tell(cls, name: str) -> bool:
        """What one person answered rightly is what the next one has to find."""
        return name != "answers" or ReadingQuestion.may_tell("right")

    def on_create(self) -> None:
        raise Refusal(_("Who has to read follows from the roles of the document."))

    def check_pass_test(self) -> None:
        if current_actor().user_id != self.user_id:
            raise NotAllowed(_("Only %(name)s can answer.", name=self.person_name))

    def on_ask_again(self) -> None:
        self.answers = self.passed_at = None

    def on_pass_test(self) -> None:
        wrong = self.wrong(self.answers or "")
        if wrong:
            raise Refusal(_("%(count)s answers are not right yet.", count=len(wrong)), field="answers")
        self.passed_at = now()

    def wrong(self, answers: str) -> list[int]:
        """The questions answered wrongly or not at all, counted from 0. `answers`: a letter for each question, "abca"."""
        given = answers.strip().lower()
        return [i for i, question in enumerate(self.document_version.questions) if given[i : i + 1] != question.right]


def ask_readers(session: Session, version: DocumentVersion) -> None:
    """Each open account with one of the document's roles is to read it, and told so; whoever passed before it was sent back reads anew."""
    ids = dict.fromkeys(user_id for reader in version.document.readers for user_id in users_with_role(reader.role_name, None))
    asked = {task.user_id: task for task in _tasks(session, version)}
    for account in session.scalars(select(Account).where(Account.id.in_(ids), Account.active.is_(True)).order_by(Account.id)):
        if account.id not in asked:
            session.add(ReadingTask(document_version=version, user_id=account.id, person_name=account.get_full_name()))
        elif asked[account.id].state == "dropped":
            perform(asked[account.id], "ask_again")
    session.flush()

    def words() -> tuple[str, str]:
        return _("To read: %(document)s %(name)s", document=str(version), name=version.document.name), version.summary

    for task in _tasks(session, version):
        if task.state == "to_read":
            url = f"/reading_task/show/{task.id}"
            tell(session, [task.user_id], key=f"reading:{task.id}:{task.version}", words=words, url=url)


def drop_readings(session: Session, version: DocumentVersion, reason: str) -> None:
    for task in _tasks(session, version):
        if task.state != "dropped":
            perform(task, "drop", reason=reason)


def unread_by(session: Session, version: DocumentVersion, limit: int) -> list[str]:
    """The names of whoever has not passed yet."""
    open_ones = select(ReadingTask.person_name).where(ReadingTask.document_version_id == version.id, ReadingTask.state == "to_read")
    return list(session.scalars(open_ones.order_by(ReadingTask.id).limit(limit)))


def _tasks(session: Session, version: DocumentVersion) -> list[ReadingTask]:
    return list(session.scalars(select(ReadingTask).where(ReadingTask.document_version_id == version.id).order_by(ReadingTask.id)))
