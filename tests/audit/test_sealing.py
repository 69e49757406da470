"""The log takes up every committed entry once, at a cost that does not grow with it, and writers do not wait for each other."""

import threading

import pytest
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from sqlalchemy import text

from aftersales.record import audit
from aftersales.record.audit.findings import Found
from aftersales.record.audit.tree import LogTree, leaf_of
from tests.audit.company import LIN, Part, Toy, populate


def leaves(company) -> list:
    with company.sessions() as session:
        return [leaf_of(row) for row in session.query(audit.AuditLeaf).order_by(audit.AuditLeaf.position)]


def test_every_entry_is_sealed_once_and_the_head_is_published(company):
    populate(company, toys=5, changes=8)
    assert sorted(leaf.entry_id for leaf in leaves(company)) == sorted(e.id for e in company.entries())
    assert company.seal() == 0
    with company.sessions() as session:
        head = session.query(audit.AuditTreeHead).order_by(audit.AuditTreeHead.size.desc()).first()
    published = company.settings.heads.last()
    assert (published.size, published.root) == (head.size, head.root) == (18, head.root)
    assert company.verify() == company.verify_records() == []


def test_the_stored_tree_is_the_tree_of_rfc_9162_and_proves_itself(lived_in):
    reference = InmemoryTree(algorithm="sha256")
    for leaf in leaves(lived_in):
        reference.append_entry(leaf.encoded())
    with lived_in.sessions() as session:
        tree = LogTree(session.connection(), len(leaves(lived_in)))
        assert tree.get_root() == reference.get_root()
        leaf = leaves(lived_in)[137]
        verify_inclusion(tree.hash_buff(leaf.encoded()), tree.get_root(), tree.prove_inclusion(138))
        verify_consistency(tree.get_root(120), tree.get_root(), tree.prove_consistency(120))


@pytest.mark.postgres  # SQLite has one writer at a time
def test_an_entry_that_commits_after_a_later_one_was_sealed_is_not_skipped(company):
    with company.session() as slow, company.session(LIN) as quick:
        slow.add(Toy(title="slow"))
        slow.flush()
        quick.add(Toy(title="quick"))
        quick.commit()
        assert company.seal() == 1
        slow.commit()
        assert company.seal() == 1
    assert len(leaves(company)) == 2
    assert company.verify() == []


@pytest.mark.postgres  # SQLite has one writer at a time
def test_writers_of_two_records_do_not_wait_for_each_other(company):
    populate(company, toys=2, changes=0)
    with company.session() as first, company.session(LIN) as second:
        for session in (first, second):
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
        first.get(Toy, 1).title = "one"
        first.flush()
        second.get(Toy, 2).title = "two"
        second.get(Toy, 2).parts[0].name = "wheel"
        second.commit()
        assert company.seal() == 2  # nor does the sealing pass wait for an open transaction
        first.commit()
    company.seal()
    assert company.verify() == []


@pytest.mark.postgres  # SQLite has one writer at a time
def test_two_hands_on_two_lines_of_one_record_chain_one_after_the_other(company):
    with company.session() as session:
        session.add(Toy(title="a", parts=[Part(name="1"), Part(name="2")]))
        session.commit()

    def rename(part_id: int) -> None:
        with company.session() as session:
            session.get(Part, part_id).name = "new"
            session.flush()
            together.wait(5) if part_id == 1 else None
            session.commit()

    together = threading.Event()
    threads = [threading.Thread(target=rename, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
        thread.join(0.5)
    together.set()
    for thread in threads:
        thread.join(10)
    assert [e.sequence for e in company.entries()] == [1, 2, 3, 4, 5]
    assert company.verify() == []


def test_two_passes_at_once_seal_each_entry_once(company):
    populate(company, toys=10, changes=0)
    with company.session() as session:
        for toy in session.query(Toy):
            toy.title += "!"
        session.commit()
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(company.seal())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(counts) == [0, 10]
    assert company.verify() == []


def test_a_pass_reads_and_writes_no_more_in_a_long_log_than_in_a_short_one(company):
    def cost() -> int:
        with company.session() as session:
            session.get(Toy, 1).title += "."
            session.commit()
        with company.counting() as statements:
            assert company.seal() == 1
        return len(statements)

    populate(company, toys=1, changes=0)
    short = cost()
    populate_more(company, 300)
    assert cost() <= short + 2
    with company.sessions() as session:
        tree = LogTree(session.connection(), len(leaves(company)))
        tree.get_root()
        assert len(tree._known) <= 9  # the right edge: log2(304) nodes


def populate_more(company, count: int) -> None:
    with company.session() as session:
        session.add_all(Toy(title=f"more {n}") for n in range(count))
        session.commit()
    assert company.seal() == count


def test_large_arrears_are_sealed_in_batches(company):
    with company.session() as session:
        session.add_all(Toy(title=str(n)) for n in range(25))
        session.commit()
        assert audit.seal_tree(session, company.settings, batch=10) == 25
        assert [h.size for h in session.query(audit.AuditTreeHead).order_by(audit.AuditTreeHead.size)] == [10, 20, 25]
    assert company.verify() == []


def test_a_head_left_unpublished_by_a_killed_pass_is_published_by_the_next(company):
    populate(company, toys=2, changes=0)
    (company.folder / "audit-heads.jsonl").unlink()
    company.seal()
    assert company.settings.heads.last().size == 4


def test_no_pass_builds_on_a_log_that_was_tampered_with(company):
    populate(company, toys=2, changes=0)
    with company.engine.begin() as connection:
        if company.engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER audit_tree_head_no_update"))
        connection.execute(text("UPDATE audit_tree_head SET root = :root"), {"root": "0" * 64})
    with pytest.raises(audit.TamperedLogError):
        company.seal()
    assert [f.found for f in company.verify()] == [Found.head_altered]
