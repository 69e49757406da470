"""What becomes an entry, and what may not be written past the trail."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from aftersales.record import audit
from aftersales.record.actor import NoActorError
from aftersales.record.audit.reads import LAST
from aftersales.record.now import at, now
from tests.audit.company import LIN, Colour, Label, Part, Toy


def add(session, **values) -> Toy:
    toy = Toy(**({"title": "车"} | values))
    session.add(toy)
    session.commit()
    return toy


def test_a_new_record_is_an_entry_with_its_filled_columns(company):
    with company.session() as session:
        add(session, price=Decimal("1.50"), colour=Colour.red, made_on=date(2026, 1, 2), sold_at=datetime(2026, 1, 3, tzinfo=UTC))
    (entry,) = company.entries()
    assert (entry.kind, entry.record_id, entry.sequence, entry.action, entry.actor_name, entry.actor_id) == ("Toy", 1, 1, "create", "梅", 7)
    assert entry.region_id == 1
    assert entry.changes == {
        "region_id": [None, 1],
        "title": [None, "车"],
        "price": [None, "1.5"],
        "colour": [None, "red"],
        "made_on": [None, "2026-01-02"],
        "sold_at": [None, "2026-01-03T00:00:00.000000+00:00"],
    }


def test_a_change_after_commit_still_knows_the_old_value(company):
    with company.session() as session:
        toy = add(session, price=Decimal("1.50"))
        toy.price = Decimal("2")  # the row is expired here
        toy._audit_action, toy._audit_reason = "reprice", "促销"
        session.commit()
        toy.title = "船"
        session.commit()
    _, second, third = company.entries()
    assert (second.changes, second.action, second.reason) == ({"price": ["1.5", "2"]}, "reprice", "促销")
    assert (third.changes, third.action, third.reason) == ({"title": ["车", "船"]}, "update", None)
    assert third.previous_hash == second.hash


def test_nothing_is_written_where_nothing_changed(company):
    with company.session() as session:
        toy = add(session, price=Decimal("1.50"))
        toy.price, toy.search_text = Decimal("1.5000"), "not audited"
        session.commit()
    assert len(company.entries()) == 1


def test_several_flushes_of_a_transaction_chain_and_share_its_id(company):
    with company.session() as session:
        toy = Toy(title="a")
        session.add(toy)
        session.flush()
        toy.title = "b"
        session.flush()
        with session.begin_nested() as savepoint:
            toy.title = "lost"
            session.flush()
            savepoint.rollback()
        toy.title = "c"
        session.commit()
    entries = company.entries()
    assert [e.changes["title"] for e in entries] == [[None, "a"], ["a", "b"], ["b", "c"]]
    assert [e.sequence for e in entries] == [1, 2, 3]
    assert len({e.transaction_id for e in entries}) == 1
    assert company.verify() == []


def test_lines_are_told_under_their_record(company):
    with company.session() as session:
        toy = add(session, parts=[Part(name="wheel"), Part(name="axle")])
        toy.parts[0].name = "tyre"
        session.commit()
        toy.parts.remove(toy.parts[1])
        session.commit()
    told = [(e.kind, e.record_id, e.line_kind, e.line_id, e.action, e.region_id) for e in company.entries()]
    assert told == [
        ("Toy", 1, None, None, "create", 1),
        ("Toy", 1, "Part", 1, "create_line", 1),
        ("Toy", 1, "Part", 2, "create_line", 1),
        ("Toy", 1, "Part", 1, "update_line", 1),
        ("Toy", 1, "Part", 2, "delete_line", 1),
    ]
    assert company.entries()[-1].changes == {"name": ["axle", None], "toy_id": [1, None]}
    assert company.verify_records() == []


def test_associations_are_kept_as_ids_before_and_after(company):
    with company.session() as session:
        first, second = Label(name="new"), Label(name="used")
        toy = add(session, labels=[first])
        session.add(second)
        session.commit()
        toy.labels.append(second)
        session.commit()
    assert [e.changes["labels"] for e in company.entries()] == [[[], [1]], [[1], [1, 2]]]
    assert company.verify_records() == []


def test_without_an_actor_nothing_is_stored(company):
    with company.sessions() as session:
        session.add(Toy(title="x"))
        with pytest.raises(NoActorError):
            session.commit()
    with company.sessions() as session:
        assert session.scalars(select(Toy)).all() == []


@pytest.mark.parametrize(
    "statement",
    [
        update(Toy).values(title="x"),
        delete(Part),
        insert(Toy).values(title="x"),
        Toy.__table__.update().values(title="x"),
        Toy.__table__.delete(),
    ],
)
def test_bulk_statements_on_audited_tables_are_refused(company, statement):
    with company.session() as session:
        add(session)
        with pytest.raises(audit.UnauditedStatementError):
            session.execute(statement)
        with pytest.raises(audit.UnauditedStatementError):
            session.connection().execute(statement)
        with pytest.raises(audit.UnauditedStatementError):
            session.bulk_save_objects([Toy(title="y")])


def test_bulk_statements_stay_refused_after_a_flush_that_failed(company):
    with company.session() as session:
        add(session)
        session.add(Toy(title="车"))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        with pytest.raises(audit.UnauditedStatementError):
            session.execute(update(Toy).values(title="x"))


def test_maintenance_may_write_in_bulk_and_is_itself_an_entry(company):
    with company.session() as session:
        toy = add(session)
        with audit.unaudited_maintenance(session, "迁移旧数据"):
            toy.title = "flushed within"
            session.flush()
            session.execute(update(Toy).values(title="moved"))
        session.commit()
        assert [e.reason for e in company.entries() if e.kind == "Maintenance"] == ["迁移旧数据"]
        assert [f.place for f in company.verify_records()] == ["title"]
        assert audit.adopt(session, [toy], "迁移旧数据") == 1
        session.commit()
    assert company.entries()[-1].changes == {"title": ["flushed within", "moved"]}
    assert company.verify() == company.verify_records() == []


def test_a_save_costs_two_statements_for_the_trail_and_a_new_record_one(company):
    with company.session() as session:
        with company.counting() as statements:
            toy = add(session)
        extra = [s for s in statements if "audit_" in s]
        assert len(extra) == (1 if company.engine.dialect.name == "postgresql" else 2)
        with company.counting() as statements:
            toy.title = "船"
            session.commit()
        assert len([s for s in statements if "audit_" in s]) == 2


def test_the_trail_is_append_only(company):
    with company.session() as session:
        add(session)
    company.seal()
    for table in ("audit_entry", "audit_leaf", "audit_tree_head"):
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET hash = ''" if table != "audit_leaf" else "UPDATE audit_leaf SET kind = ''",
        ):
            with company.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
                connection.execute(text(statement))


def test_reading_is_logged_once_an_hour_for_each_person_and_field(company):
    with company.session() as session:
        toy = add(session)
        assert audit.record_read(session, toy, ["title", "price"])
        assert not audit.record_read(session, toy, ["price"])
        assert audit.record_read(session, toy, ["sold_at"])
        session.refresh(toy)
        session.expunge(toy)
    with company.session(LIN) as session:
        assert audit.record_read(session, toy, ["title"])
    told = [(e.action, e.actor_name, sorted(e.changes)) for e in company.entries()[1:]]
    assert told == [("read", "梅", ["price", "title"]), ("read", "梅", ["sold_at"]), ("read", "林", ["title"])]
    assert company.verify() == company.verify_records() == []


def test_reading_again_after_much_else_is_told_again(company):
    with company.session() as session:
        toy = add(session)
        for number in range(LAST):
            assert audit.record_read(session, toy, ["title"]) == (number == 0)
            toy.title = str(number)
            session.commit()
        assert audit.record_read(session, toy, ["title"])
    assert [e.action for e in company.entries()].count("read") == 2


def test_what_was_looked_up_holds_though_the_hour_turns_meanwhile(company):
    """What it found in the trail it did not lock: it cannot write there later as if it had."""
    with company.session() as session:
        toy = add(session)
        audit.record_read(session, toy, ["title"])
        looked = audit.look(session, [("Toy", toy.id)])
        with at(now() + timedelta(hours=1)):
            assert audit.record_reads(session, [(toy, ["title"])], looked=looked) == 0
            session.commit()
            assert audit.record_reads(session, [(toy, ["title"])]) == 1


def test_reading_again_waits_for_nobody_who_writes(company):
    goes_on = company.engine.dialect.name == "postgresql"  # on SQLite a transaction that has read does not turn to writing
    with company.session() as session:
        toy = add(session)
        audit.record_read(session, toy, ["title"])
        with company.engine.connect() as writer:
            writer.execute(text("UPDATE toy SET title = title"))
            if goes_on:
                session.connection().execute(text("SET LOCAL lock_timeout = '5s'"))
            assert audit.record_reads(session, [(toy, ["title"])], session.connection() if goes_on else None) == 0
            writer.rollback()
        assert audit.record_reads(session, [(toy, ["price"])], session.connection() if goes_on else None) == 1
    assert [sorted(e.changes) for e in company.entries()[1:]] == [["title"], ["price"]]
    assert company.verify() == company.verify_records() == []


def test_the_history_is_read_a_page_at_a_time(company):
    with company.session() as session:
        toy = add(session)
        for number in range(5):
            toy.title = str(number)
            session.commit()
        audit.record_event(session, toy, "sign", changes={"meaning": [None, "批准"]})
        session.commit()
        page = audit.history(session, "Toy", 1, limit=3)
        rest = audit.history(session, "Toy", 1, before_sequence=page[-1].sequence)
    assert [e.sequence for e in page] == [7, 6, 5]
    assert [e.sequence for e in rest] == [4, 3, 2, 1]
    assert page[0].action == "sign"
