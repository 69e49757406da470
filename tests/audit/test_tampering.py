"""Whatever is done to the trail behind the program's back is found, and found where it was done."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, DateTime, Integer, create_engine
from sqlalchemy.orm import sessionmaker

from aftersales.extensions import Model
from aftersales.record import audit
from aftersales.record.audit.entry import entry_hash
from aftersales.record.audit.findings import Found
from tests.audit.company import KEY, MEI, Base, Company, Toy, populate

ENTRY_COLUMNS = [c.name for c in audit.AuditEntry.__table__.columns]


def other(column, name: str) -> str:
    """An SQL expression for a different value that the column's type can hold."""
    if isinstance(column.type, (BigInteger, Integer)):
        return f"COALESCE({name}, 0) + 100000"
    if isinstance(getattr(column.type, "impl", column.type), DateTime):
        return "'2020-01-01 00:00:00.000000'"
    first = f"CASE WHEN SUBSTR(COALESCE({name}, ''), 1, 1) = 'e' THEN 'f' ELSE 'e' END"
    return f"{first} || SUBSTR(COALESCE({name}, 'x'), 2)"


def places(findings: list[audit.Finding]) -> set[tuple]:
    return {(f.kind, f.record_id, f.sequence) for f in findings}


def in_turn(company: Company) -> list[audit.AuditEntry]:
    """Every entry on SQLite; on PostgreSQL, where the same Python looks at them, every seventh, to keep the run short."""
    return company.entries()[:: 1 if company.engine.dialect.name == "sqlite" else 7]


def test_a_company_left_alone_is_whole(lived_in):
    assert len(lived_in.entries()) == 300
    assert lived_in.verify() == lived_in.verify_records() == []


@pytest.mark.parametrize("column", ENTRY_COLUMNS)
def test_each_column_of_an_entry_is_watched(lived_in, column):
    definition = audit.AuditEntry.__table__.columns[column]
    for entry in lived_in.entries()[::60]:
        with lived_in.behind_the_back() as intruder:
            assert intruder.run(f"UPDATE audit_entry SET {column} = {other(definition, column)} WHERE id = '{entry.id}'") == 1
            (altered,) = intruder.rows(f"SELECT id, kind, record_id, sequence FROM audit_entry WHERE tag = '{entry.tag}'") or [None]
            found = intruder.found()
        was = (entry.kind, entry.record_id, entry.sequence)
        entry_id, *now = altered or (entry.id, *was)
        accused = {f.found for f in found if (f.entry_id, f.kind, f.record_id, f.sequence) == (entry_id, *now)}
        assert accused & {Found.entry_altered, Found.entry_forged}, found
        assert places(found) <= {was, tuple(now), (*was[:2], entry.sequence + 1)}, found


def test_every_single_entry_altered_in_turn_is_named_exactly(lived_in):
    for entry in in_turn(lived_in):
        with lived_in.behind_the_back() as intruder:
            intruder.run(f"UPDATE audit_entry SET reason = 'because' WHERE id = '{entry.id}'")
            (finding,) = intruder.found()
        assert (finding.found, finding.kind, finding.record_id, finding.sequence, finding.entry_id) == (
            Found.entry_altered, entry.kind, entry.record_id, entry.sequence, entry.id,
        )  # fmt: skip


def test_every_single_entry_deleted_in_turn_is_named_exactly(lived_in):
    for entry in in_turn(lived_in):
        with lived_in.behind_the_back() as intruder:
            intruder.run(f"DELETE FROM audit_entry WHERE id = '{entry.id}'")
            found = intruder.found()
        assert {f.found for f in found} == {Found.entry_missing}
        assert places(found) == {(entry.kind, entry.record_id, entry.sequence)}
        assert entry.id in {f.entry_id for f in found}


def test_two_entries_exchanged_are_both_named(lived_in):
    first, second = [e for e in lived_in.entries() if e.record_id == 5][2:4]
    with lived_in.behind_the_back() as intruder:
        for entry_id, sequence in ((first.id, -1), (second.id, first.sequence), (first.id, second.sequence)):
            intruder.run(f"UPDATE audit_entry SET sequence = {sequence} WHERE id = '{entry_id}'")
        found = intruder.found()
    assert {first.id, second.id} <= {f.entry_id for f in found if f.found is Found.entry_altered}


def test_an_entry_put_in_is_named(lived_in):
    model = [e for e in lived_in.entries() if e.record_id == 5][-1]
    columns = ", ".join(ENTRY_COLUMNS)
    values = (
        columns.replace("id, transaction_id", "'intruder', transaction_id", 1)
        .replace("sequence", "sequence + 1")
        .replace("previous_hash", "hash")
    )
    with lived_in.behind_the_back() as intruder:
        intruder.run(f"INSERT INTO audit_entry ({columns}) SELECT {values} FROM audit_entry WHERE id = '{model.id}'")
        found = intruder.found()
    assert {f.found for f in found if f.entry_id == "intruder"} == {Found.entry_altered, Found.entry_unlisted}
    assert places(found) == {("Toy", 5, model.sequence + 1)}


def test_a_chain_rebuilt_with_right_hashes_but_without_the_key_is_forged(lived_in):
    chain = [e for e in lived_in.entries() if e.record_id == 9]
    with lived_in.behind_the_back() as intruder:
        before = chain[1].hash
        for entry in chain[2:]:
            row = {c: getattr(entry, "changes_json" if c == "changes" else c) for c in ENTRY_COLUMNS}
            row |= {"actor_name": "X", "previous_hash": before}
            before = entry_hash(row)
            values = f"actor_name = 'X', previous_hash = '{row['previous_hash']}', hash = '{before}'"
            intruder.run(f"UPDATE audit_entry SET {values} WHERE id = '{entry.id}'")
        found = intruder.found()
    assert {f.entry_id for f in found if f.found is Found.entry_forged} == {e.id for e in chain[2:]}
    assert {f.entry_id for f in found if f.found is Found.leaf_altered} == {e.id for e in chain[2:]}


def test_the_end_of_a_chain_cut_off_with_its_leaf_is_found(lived_in):
    end = [e for e in lived_in.entries() if e.record_id == 9][-1]
    with lived_in.behind_the_back() as intruder:
        (position,) = intruder.rows(f"SELECT position FROM audit_leaf WHERE entry_id = '{end.id}'")[0]
        intruder.run(f"DELETE FROM audit_entry WHERE id = '{end.id}'")
        intruder.run(f"DELETE FROM audit_leaf WHERE entry_id = '{end.id}'")
        found = intruder.found()
        in_records = intruder.found_in_records()
    assert (Found.leaf_missing, f"leaf {position}") in {(f.found, f.place) for f in found}
    assert [(f.kind, f.record_id, f.place) for f in in_records] == [("Toy", 9, "price")]  # whose entry it was


@pytest.mark.parametrize("table", ["audit_leaf", "audit_tree_node", "audit_tree_head"])
def test_each_column_of_the_log_is_watched(lived_in, table):
    columns = Model.metadata.tables[table].columns
    keys = [c.name for c in columns if c.primary_key]
    with lived_in.behind_the_back() as intruder:
        rows = intruder.rows(f"SELECT {', '.join(keys)} FROM {table} ORDER BY {', '.join(keys)}")
    for row in [*rows[:: max(1, len(rows) // 4)], rows[-1]]:
        where = " AND ".join(f"{key} = {value}" for key, value in zip(keys, row, strict=True))
        for column in columns:
            with lived_in.behind_the_back() as intruder:
                assert intruder.run(f"UPDATE {table} SET {column.name} = {other(column, column.name)} WHERE {where}") == 1
                assert intruder.found(), (table, column.name, row)
        with lived_in.behind_the_back() as intruder:
            assert intruder.run(f"DELETE FROM {table} WHERE {where}") == 1
            assert intruder.found(), (table, row)


def test_a_leaf_or_a_node_altered_is_located(lived_in):
    with lived_in.behind_the_back() as intruder:
        intruder.run("UPDATE audit_leaf SET entry_hash = 'x' WHERE position = 100")
        found = intruder.found()
    assert [f.place for f in found if f.found is Found.leaf_altered] == ["leaf 100"]
    assert [f.place for f in found if f.found is Found.node_altered] == ["leaves 100–101, node 1/50"]
    with lived_in.behind_the_back() as intruder:
        intruder.run("UPDATE audit_tree_node SET hash = 'x' WHERE level = 3 AND position = 7")
        (finding,) = intruder.found()
    assert (finding.found, finding.place) == (Found.node_altered, "leaves 56–63, node 3/7")


def test_the_end_of_the_whole_log_cut_off_cleanly_is_found_by_the_heads_outside(lived_in):
    with lived_in.behind_the_back() as intruder:
        (size,) = intruder.rows("SELECT MIN(size) FROM audit_tree_head")[0]
        intruder.run(f"DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE position >= {size})")
        intruder.run(f"DELETE FROM audit_leaf WHERE position >= {size}")
        for level in range(1, 10):
            intruder.run(f"DELETE FROM audit_tree_node WHERE level = {level} AND position >= {size >> level}")
        intruder.run(f"DELETE FROM audit_tree_head WHERE size > {size}")
        found = intruder.found()
        assert intruder.found_in_records()
    shorter = [f for f in found if f.found is Found.log_shorter]
    assert [f.place for f in shorter] == [f"leaves {size}–299"]
    assert {f.found for f in found} == {Found.log_shorter}


def test_an_older_database_put_back_is_found_even_after_it_grew_again(tmp_path):
    def opened(name: str) -> Company:
        engine = create_engine(f"sqlite:///{tmp_path / name}")
        Model.metadata.create_all(engine, tables=[Model.metadata.tables[t] for t in Model.metadata.tables if t.startswith("audit_")])
        Base.metadata.create_all(engine)
        sessions = sessionmaker(engine)
        audit.install(sessions, lambda: settings)
        return Company(engine, settings, Path(tmp_path), sessions)

    settings = audit.AuditSettings.in_folder(KEY, tmp_path)
    company = opened("now.db")
    populate(company, toys=3, changes=0)
    company.engine.dispose()
    shutil.copy(tmp_path / "now.db", tmp_path / "old.db")
    populate_title(company, "changed")
    old = opened("old.db")
    assert Found.log_shorter in {f.found for f in old.verify()}
    for title in ("another", "and another"):
        populate_title(old, title)
    assert Found.log_differs in {f.found for f in old.verify()}


def populate_title(company: Company, title: str) -> None:
    with company.session(MEI) as session:
        session.get(Toy, 1).title = title
        session.commit()
    company.seal()


def test_before_sealing_entries_are_protected_as_well(company):
    populate(company, toys=2, changes=0)
    with company.session() as session:
        session.get(Toy, 1).title = "recent"
        session.commit()
    recent = [e for e in company.entries() if e.record_id == 1][-1]
    with company.behind_the_back() as intruder:
        intruder.run(f"UPDATE audit_entry SET actor_name = 'X' WHERE id = '{recent.id}'")
        assert [(f.found, f.entry_id) for f in intruder.found()] == [(Found.entry_altered, recent.id)]
    with company.behind_the_back() as intruder:
        intruder.run(f"DELETE FROM audit_entry WHERE id = '{recent.id}'")
        assert places(intruder.found()) == {("Toy", 1, 3)}
        intruder.run("DELETE FROM audit_pending")
        assert places(intruder.found()) == {("Toy", 1, 3)}  # by the journal
        (company.folder / "audit-journal").rename(company.folder / "gone")
        assert intruder.found() == []  # the documented limit
        assert [(f.kind, f.record_id, f.place) for f in intruder.found_in_records()] == [("Toy", 1, "title")]


def test_a_value_changed_in_a_record_is_found_with_both_values(lived_in):
    with lived_in.behind_the_back() as intruder:
        intruder.run("UPDATE toy SET colour = 'blue' WHERE id = 17")
        intruder.run("UPDATE part SET name = 'door' WHERE id = 18")
        found = intruder.found_in_records()
    assert [(f.kind, f.record_id, f.detail) for f in found] == [("Toy", 17, 'colour: "red" → "blue"'), ("Part", 18, 'name: "轮" → "door"')]


def test_a_record_deleted_or_added_is_found(lived_in):
    with lived_in.behind_the_back() as intruder:
        intruder.run("DELETE FROM part WHERE id = 60")
        intruder.run("INSERT INTO toy (id, region_id, title, search_text) VALUES (61, 1, 'x', '')")
        found = intruder.found_in_records()
    assert [(f.found, f.kind, f.record_id) for f in found] == [(Found.record_untracked, "Toy", 61), (Found.record_missing, "Part", 60)]


@pytest.mark.sqlite  # PostgreSQL does not take them
def test_values_that_no_longer_parse_are_findings_not_failures(lived_in):
    with lived_in.behind_the_back() as intruder:
        intruder.run("UPDATE audit_entry SET at = 'noon', sequence = 'x', changes = '{' WHERE id = (SELECT MIN(id) FROM audit_entry)")
        intruder.run("UPDATE audit_tree_head SET at = 'noon', size = 'big' WHERE size = (SELECT MAX(size) FROM audit_tree_head)")
        intruder.run("UPDATE toy SET made_on = 'someday' WHERE id = 3")
        found = intruder.found()
        assert {Found.entry_altered, Found.log_shorter} <= {f.found for f in found}
        assert ("Toy", 3, "made_on") in {(f.kind, f.record_id, f.place) for f in intruder.found_in_records()}


def test_the_command_prints_findings_and_fails(lived_in):
    said: list[str] = []
    with lived_in.sessions() as session:
        assert audit.verify_command(session, lived_in.settings, registry=[Toy], say=said.append) == 0
    assert said == ["审计追踪与记录完整。"]
    finding = audit.Finding(Found.entry_altered, "Toy", 5, 3, "abc")
    assert finding.zh == "记录 Toy 5 第 3 条 [abc]：这条留痕的内容被改动"
    assert finding.en == "record Toy 5 entry 3 [abc]: this entry was altered"
