"""The one database object and the extensions every app shares. Import `db` from here, never from Flask-AppBuilder."""

from functools import partialmethod

from alembic.operations import Operations
from flask_appbuilder.models.sqla import Model

# Set before Flask-AppBuilder's own tables are defined, so that theirs and ours are named alike and Alembic can find them.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

from flask_appbuilder.models.sqla.base import SQLA  # noqa: E402
from flask_migrate import Migrate  # noqa: E402
from flask_wtf import CSRFProtect  # noqa: E402

db = SQLA(metadata=Model.metadata)  # without metadata= Alembic would see no tables and propose to drop them all
migrate = Migrate(render_as_batch=True, compare_type=True)
csrf = CSRFProtect()

# SQLite rebuilds a table to change it. Reading what it refers to as well, and what that refers to, is half the time of all migrations.
Operations.batch_alter_table = partialmethod(Operations.batch_alter_table, reflect_kwargs={"resolve_fks": False})

__all__ = ["Model", "csrf", "db", "migrate"]
