"""The inbox shows a person what is theirs, the unread first, and nobody another's."""

from functools import partial

from sqlalchemy import select

from aftersales.extensions import db
from aftersales.inbox import PAGE
from aftersales.record.notices import Notice, tell
from tests.jobs.conftest import START, Company


def _said(subject: str) -> tuple[str, str]:
    return subject, "…"


def tell_of(company: Company, name: str, *subjects: str, is_urgent: bool = False) -> list[int]:
    with company.at(START):
        for subject in subjects:
            tell(db.session, [company.users[name]], key=subject, words=partial(_said, subject), url="/somewhere", is_urgent=is_urgent)
        db.session.commit()
        return list(db.session.scalars(select(Notice.id).where(Notice.subject.in_(subjects)).order_by(Notice.id)))


def test_a_person_sees_their_notices_and_nobody_elses(company: Company) -> None:
    tell_of(company, "intake", "for intake")
    tell_of(company, "manager", "for the manager", is_urgent=True)
    mine = company.client_of("manager").get("/inbox/").text
    assert "for the manager" in mine
    assert "Urgent" in mine
    assert "for intake" not in mine


def test_strangers_are_sent_to_sign_in(company: Company) -> None:
    assert company.app.test_client().get("/inbox/").location.endswith("/login/")


def test_opening_a_notice_marks_it_read_and_leads_to_its_record(company: Company) -> None:
    (notice_id,) = tell_of(company, "intake", "open me")
    answer = company.client_of("intake").post(f"/inbox/{notice_id}/open")
    assert (answer.status_code, answer.location) == (303, "/somewhere")
    with company.at(START):
        assert db.session.get_one(Notice, notice_id).read_at is not None


def test_a_notice_of_somebody_else_is_not_there(company: Company) -> None:
    (notice_id,) = tell_of(company, "intake", "not yours")
    assert company.client_of("manager").post(f"/inbox/{notice_id}/open").status_code == 404
    company.client_of("manager").post("/inbox/read", data={"id": notice_id})
    with company.at(START):
        assert db.session.get_one(Notice, notice_id).read_at is None


def test_all_can_be_marked_as_read_at_once(company: Company) -> None:
    tell_of(company, "intake", "one", "two")
    company.client_of("intake").post("/inbox/read")
    with company.at(START):
        assert db.session.scalars(select(Notice.id).where(Notice.read_at.is_(None))).all() == []


def test_the_pages_hold_every_notice_once_the_unread_first(company: Company) -> None:
    ids = tell_of(company, "intake", *(f"subject {number:03}" for number in range(PAGE * 2 + 5)))
    company.client_of("intake").post("/inbox/read", data={"id": ids[-10:]})
    client, url, seen = company.client_of("intake"), "/inbox/", []
    while url:
        text = client.get(url).text
        seen += [int(part.split('"')[0]) for part in text.split('id="notice-')[1:]]
        url = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&") if 'rel="next"' in text else ""
    assert seen == [*reversed(ids[:-10]), *reversed(ids[-10:])]
