"""What of a repair makes it a complaint, as a table: facts in, reasons out. And who may say that it is none."""

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.complaints.complaint import Complaint
from aftersales.complaints.screening import Facts, reasons
from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.roles import Role
from aftersales.service.rating import rate
from aftersales.service.request import Harm
from tests.portal.repair import finish
from tests.scenarios.person import Visitor

CASES = [
    ({}, []),
    ({"harm": Harm.yes}, ["可能对患者造成伤害"]),
    ({"harm": Harm.not_sure}, ["可能对患者造成伤害"]),
    ({"harm": None}, ["可能对患者造成伤害"]),  # nobody answered: looked at
    ({"is_treatment_affected": True}, ["再次发生"]),
    ({"is_unsafe": True}, ["再次发生"]),
    ({"repairs": 2}, ["90 天内已维修过 2 次"]),
    ({"same_parts": ("VX-S04",)}, ["VX-S04"]),
    ({"failing_lots": ("L2609",)}, ["L2609"]),
    ({"score": 2, "opinion": "等了很久"}, ["2 分", "等了很久"]),
    ({"harm": Harm.yes, "repairs": 1, "same_parts": ("P1", "P2")}, ["伤害", "1 次", "P1、P2"]),
]


@pytest.mark.parametrize(("facts", "told"), CASES, ids=lambda case: ",".join(case) if isinstance(case, dict) else None)
def test_each_hit_is_told_in_words(app: Flask, facts: dict, told: list[str]) -> None:
    with app.app_context(), app.test_request_context(), speaking("zh"):
        found = "\n".join(reasons(Facts(90, **facts)))
    assert bool(found) == bool(told)
    assert [text for text in told if text not in found] == []


def complaint(app: Flask) -> Complaint:
    with app.app_context(), acting_as(SYSTEM):
        found = db.session.scalars(select(Complaint).where(Complaint.number.like("CP-HD-%")).order_by(Complaint.id)).first()
        db.session.expunge_all()
        return found


def test_a_closed_repair_about_harm_is_proposed_and_a_low_rating_adds_its_reason(app: Flask) -> None:
    done = finish(app)
    proposed = complaint(app)
    assert (proposed.state, proposed.severity, proposed.recurrence_harm) == ("proposed", "major", "not_sure")
    assert proposed.order_id == done.order_id
    assert "可能对患者造成伤害" in proposed.proposal_reasons
    with app.app_context(), acting_as(SYSTEM):
        rate(db.session(), db.session.get(Complaint, proposed.id).order, 1, "同一故障修了两次")
        db.session.commit()
    assert "同一故障修了两次" in complaint(app).proposal_reasons
    officer = Visitor.signed_in(app, Role.complaint_officer)
    page = officer.open(f"/complaint/show/{proposed.id}")
    assert "待判定" in page.text
    assert "同一故障修了两次" in page.text


def test_that_it_is_no_complaint_is_decided_by_name_and_with_a_reason(app: Flask) -> None:
    proposed = complaint(app)
    officer = Visitor.signed_in(app, Role.complaint_officer)
    assert "不作为投诉的理由" in officer.open(f"/complaint/show/{proposed.id}").send("/dismiss", dismissal_reason="").text
    assert complaint(app).state == "proposed"
    officer.open(f"/complaint/show/{proposed.id}").send("/dismiss", dismissal_reason="例行更换，院方无不满")
    dismissed = complaint(app)
    assert (dismissed.state, dismissed.dismissed_by) == ("not_a_complaint", "Complaint_Officer Test")
    finish(app)
    assert complaint(app).state == "proposed", "what speaks for a complaint afterwards is looked at again"
