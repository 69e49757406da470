"""The migrations: up, down and up again on both engines, and what they make is what the models declare, CHECKs included."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config as AlembicConfig
from alembic.script import Script, ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Engine, create_engine, inspect, text

from aftersales import create_app
from aftersales.extensions import db
from aftersales.record.audit.protection import APPEND_ONLY
from aftersales.record.base import SharedRecord
from aftersales.registration import record_types
from tests.engines import Installation, release, settings
from tests.migrations.schema import differences, facts_of

FOLDER = Path(__file__).parents[2] / "migrations"
FACT = re.compile(r"\d{4}(_[a-z]+)+\.py")
# What no model declares: the search of PostgreSQL, and the one spelling of a user name in a table that is not ours.
MIGRATIONS_ALONE = re.compile("search_grams|uq_ab_user_username_lower")


def revisions() -> list[Script]:
    """Oldest first."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(FOLDER))
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


@pytest.fixture
def unbuilt(installation: Installation, tmp_path: Path) -> Iterator[Flask]:
    """The program on a database with nothing in it."""
    app = create_app(settings(installation.new_database(), tmp_path))
    with app.app_context():
        yield app
    release(app)


@pytest.fixture
def declared(empty_database_url: str) -> Iterator[Engine]:
    """An empty database, into which the models alone write what they declare."""
    engine = create_engine(empty_database_url)
    db.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(app: Flask) -> Iterator[Engine]:
    """What all migrations made: the world is built upon it."""
    with app.app_context():
        yield db.engine


def searched() -> list[type[SharedRecord]]:
    return [cls for cls in dict.fromkeys(record_types()) if cls.searched]


@pytest.mark.pure
def test_revisions_count_on_without_a_gap_or_a_branch() -> None:
    scripts = revisions()
    assert [script.revision for script in scripts] == [f"{number:04d}" for number in range(1, len(scripts) + 1)]
    assert [script.down_revision for script in scripts] == [None, *(script.revision for script in scripts[:-1])]


@pytest.mark.pure
def test_each_file_is_named_after_its_number_and_the_fact() -> None:
    for script in revisions():
        name = Path(script.path).name
        assert FACT.fullmatch(name), f"migrations/versions/{name}: number and fact in words, such as 0005_lend_devices.py"
        assert name.startswith(f"{script.revision}_"), f"migrations/versions/{name} says it is {script.revision}"
        assert script.doc, f"migrations/versions/{name}: say in its docstring what it does"


def test_every_single_step_goes_up_and_comes_back_down_and_all_go_up_again(unbuilt: Flask) -> None:
    before = []
    for script in revisions():
        before.append(facts_of(db.engine))
        upgrade(revision=script.revision)
    first = facts_of(db.engine)
    for script in revisions()[::-1]:
        downgrade()
        left = differences(facts_of(db.engine), before.pop())
        assert left == [], f"{Path(script.path).name} does not undo itself"
    upgrade()
    assert differences(facts_of(db.engine), first) == []


def test_the_migrated_schema_is_what_the_models_declare(migrated: Engine, declared: Engine) -> None:
    """CHECKs, unique constraints, foreign keys, indexes and triggers too: autogenerate looks at few of them."""
    found = [text for text in differences(facts_of(migrated), facts_of(declared)) if not MIGRATIONS_ALONE.search(text)]
    assert not found, "write a migration, or mend the last one in migrations/versions/:\n" + "\n".join(found)


@pytest.mark.usefixtures("migrated")
def test_autogenerate_has_nothing_to_add() -> None:
    """As the next author of a migration will run it; it raises with what it would write."""
    check()


def test_the_trail_is_protected_and_the_search_served(migrated: Engine) -> None:
    triggers = facts_of(migrated)["(triggers)"]
    for table in APPEND_ONLY:
        assert any(table in fact for fact in triggers), f"no trigger protects {table}: run protection_ddl in a migration"
    if migrated.dialect.name == "postgresql":
        for cls in searched():
            names = {index["name"] for index in inspect(migrated).get_indexes(cls.__tablename__)}
            assert f"ix_{cls.__tablename__}_search_grams" in names, f"no gram index serves the search of {cls.__name__}"


READS = ("EventPatientData", "ImplantPatientData")
HELD = {
    "quality": {"PatientData", "EventPatient", "ImplantPatient"},
    "follow_up": {"PatientData", "ImplantPatient"},
    "事件录入": {"PatientData", "EventPatient"},
    "销售": {"EventPatient", "ImplantPatient"},
}


def test_whoever_read_patients_reads_afterwards_those_whose_record_they_may_open(unbuilt: Flask) -> None:
    upgrade(revision="0043")
    _write_rights(HELD)
    for _time in range(2):
        upgrade(revision="0044")
        split = {"quality": {*READS}, "follow_up": {READS[1]}, "事件录入": {READS[0]}, "销售": set()}
        assert _rights() == {role: HELD[role] - {"PatientData"} | split[role] for role in HELD}
        downgrade(revision="0043")
        assert _rights() == HELD


def test_a_right_to_patients_of_a_record_that_comes_with_the_upgrade_is_left_to_be_granted(unbuilt: Flask) -> None:
    """Were it there already, the shipped roles would not get it."""
    upgrade(revision="0043")
    held = {"quality": {"PatientData", "EventPatient"}}
    _write_rights(held)
    upgrade(revision="0044")
    assert _rights() == {"quality": {"EventPatient", READS[0]}}
    with db.engine.connect() as connection:
        assert READS[1] not in connection.scalars(text("SELECT name FROM ab_view_menu")).all()
    downgrade(revision="0043")
    assert _rights() == held


def _write_rights(held: dict[str, set[str]]) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("INSERT INTO ab_permission (id, name) VALUES (1, 'can_read')"))
        for subject in sorted(set().union(*held.values())):
            connection.execute(text("INSERT INTO ab_view_menu (name) VALUES (:name)"), {"name": subject})
        connection.execute(text("INSERT INTO ab_permission_view (permission_id, view_menu_id) SELECT 1, id FROM ab_view_menu"))
        for role, names in held.items():
            connection.execute(text("INSERT INTO ab_role (name) VALUES (:role)"), {"role": role})
            for subject in names:
                connection.execute(
                    text("""INSERT INTO ab_permission_view_role (permission_view_id, role_id) SELECT pv.id, r.id FROM ab_role r,
                        ab_permission_view pv JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE r.name = :role AND v.name = :subject"""),
                    {"role": role, "subject": subject},
                )


def _rights() -> dict[str, set[str]]:
    """The subjects of each role."""
    told = text("""SELECT r.name, v.name FROM ab_role r LEFT JOIN ab_permission_view_role pr ON pr.role_id = r.id
        LEFT JOIN ab_permission_view pv ON pv.id = pr.permission_view_id LEFT JOIN ab_view_menu v ON v.id = pv.view_menu_id""")
    found: dict[str, set[str]] = {}
    with db.engine.connect() as connection:
        for role, subject in connection.execute(told):
            found.setdefault(role, set()).update({subject} - {None})
    return found
