"""A lot out of line becomes a recall: the signal leads to it, gives it its scope, and closes when it was begun."""

import pytest
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.recalls.choices import RecallSource
from aftersales.recalls.recall import Recall
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.refusal import Refusal
from aftersales.record.workflow import perform
from aftersales.roles import Role
from tests.recalls.cases import decide, draft
from tests.scenarios.person import Visitor
from tests.signals.case import EACH, LOT, calls_about, lots, signals
from tests.world import PASSWORD


def test_a_signal_of_a_lot_becomes_a_recall_of_that_lot_and_closes_once_it_is_begun(app: Flask) -> None:
    with app.test_request_context(), acting_as(SYSTEM):
        calls_about(lots()[LOT][:3])
        (found,) = signals()
        perform(found, "assess")
        perform(found, "confirm", values={"assessment": "同一批次电池触点氧化", "outcome": "recall"})
        with pytest.raises(Refusal):
            perform(found, "close", values={"closing_reason": "转召回"})
        db.session.commit()
        pk, model_id = found.id, found.model_id
    regulatory, quality = (Visitor.signed_in(app, role) for role in (Role.regulatory, Role.quality))
    (link,) = regulatory.open(f"/signal/show/{pk}").links("/recall/add")
    assert f"signal_id={pk}" in link
    address = draft(regulatory, signal_id=str(pk), subject="", model_id=str(model_id), source_text="")
    assert LOT in regulatory.open(address).text
    decide(app, address)
    with app.app_context(), acting_as(SYSTEM):
        recall = db.session.scalars(select(Recall).where(Recall.signal_id == pk)).one()
        assert (recall.state, recall.unit_count, recall.source_text) == ("running", EACH, "同一批次电池触点氧化")
        assert [criterion.lots for criterion in recall.criteria] == [LOT]
    page = quality.open(f"/signal/show/{pk}").send("/close", closing_reason="转召回处理", password=PASSWORD)
    assert "已关闭" in page.text


def test_a_recall_names_a_signal_only_where_one_is_its_source(app: Flask) -> None:
    with app.test_request_context(), acting_as(SYSTEM):
        calls_about(lots()[LOT][:3])
        (found,) = signals()
        with pytest.raises(Refusal) as refused:
            Recall(source=RecallSource.supplier, signal=found).on_change()
        assert set(refused.value.errors) == {"signal_id"}
