"""Who signs in and what they hold: Flask-AppBuilder's user and role, with what a regulated system needs beside them.

Both are audited like records: every change of a role's grants, of a person's roles and of an account's state is told old → new.
"""

from datetime import datetime
from typing import Any, ClassVar

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column, validates

from aftersales.columns import Instant, RowId, UtcDateTime
from aftersales.extensions import Model

Role.__audited__ = True
Role.__unaudited__ = frozenset({"user", "groups"})  # who holds a role is told with the account


class Account(User):
    """`session_version` is raised at sign-out and at a change of password: every older cookie and token is then worthless.

    `username` is kept in lower case without blanks around it, so that nobody is locked out by a capital letter.
    """

    __tablename__ = "ab_user"
    __audited__ = True
    __unaudited__: ClassVar[frozenset[str]] = frozenset(
        {"password", "session_version", "last_login", "login_count", "fail_login_count", "language", "groups"}
        | {"created_on", "changed_on", "created_by_fk", "changed_by_fk"}
    )

    session_version: Mapped[int] = mapped_column(default=1, server_default="1")
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default="0")
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    language: Mapped[str | None]

    @validates("username")
    def _in_one_spelling(self, _name: str, value: str) -> str:
        return normalised(value)

    def get_full_name(self) -> str:
        """Chinese order: family name first, no space."""
        if (self.last_name + self.first_name).isascii():
            return f"{self.first_name} {self.last_name}".strip()
        return f"{self.last_name}{self.first_name}"


Index("uq_ab_user_username_lower", func.lower(Account.__table__.c.username), unique=True)


class PastPassword(Model):
    """The hash of a password an account had, the present one included: it may not come back soon."""

    __tablename__ = "past_password"
    __table_args__ = (Index("ix_past_password_account_id_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    password: Mapped[str] = mapped_column(String(256))
    set_at: Mapped[Instant]


def normalised(username: Any) -> str:
    """The one spelling of a user name."""
    return str(username or "").replace("\0", " ").strip().lower()
