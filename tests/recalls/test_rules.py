"""What a recall must never do: tell anybody of a rehearsal, show a region another one's units, or lose a list that was widened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.jobs.passes import mail_recall_notices, run_pass
from aftersales.recalls.choices import NoticeWay
from aftersales.recalls.lists import RecallList
from aftersales.recalls.marks import mock_score
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.preview import preview
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import RecallCriterion
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.unit import RecallUnit
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.attachments import attachments_of
from aftersales.record.clocks import runs_of
from aftersales.record.notices import ChannelError
from aftersales.record.now import CHINA
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from aftersales.security.manager import actor_of
from aftersales.service.lines import PartReplaced
from aftersales.webhooks.call import WebhookCall
from aftersales.webhooks.subscription import WebhookSubscription
from tests.portal.nurse import form_token
from tests.recalls.cases import LOT, decide, draft, make_units, notices, scoped, the, units
from tests.scenarios.person import Visitor
from tests.traceability.papers import words_of
from tests.world import sign_in, token_of

PARTS = (RecallNotice, RecallUnit, RecallSubmission)
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=CHINA)


@dataclass
class Post:
    """A mail server that takes letters, or not."""

    name: str = "email"
    is_shared: bool = False
    is_down: bool = False
    taken: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, notice, address: str) -> None:
        if self.is_down:
            raise ChannelError("mailbox full")
        self.taken.append((address, notice.subject, f"{notice.body}{notice.url}"))


@pytest.fixture(autouse=True)
def _friday() -> Iterator[None]:
    with server_time.at(FRIDAY):
        yield


@pytest.fixture
def post(app: Flask) -> Iterator[Post]:
    channel = Post()
    app.extensions["channels"][channel.name] = channel
    yield channel
    del app.extensions["channels"][channel.name]


def made(app: Flask, count: int = 12, **facts: str) -> int:
    """A recall that runs, of `count` units of a lot; its id."""
    make_units(app, count, hospitals=2)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality, **facts)
    scoped(quality, address, lots=LOT)
    decide(app, address)
    return int(address.rsplit("/", 1)[1])


def test_a_rehearsal_does_it_all_and_tells_nobody(app: Flask, post: Post) -> None:
    with app.app_context(), acting_as(SYSTEM):
        events = "recall.decide,recall_notice.send,recall_unit.treat,recall_submission.send"
        hook = {"name": "ERP", "url": "https://erp.invalid/hook", "secret": "long enough a secret", "events": events}
        create(db.session, WebhookSubscription, hook)
        db.session.commit()
    pk = made(app, is_mock="true", mock_target_minutes="60")
    with app.app_context(), acting_as(SYSTEM):
        mine = select(RecallSubmission).where(RecallSubmission.recall_id == pk, RecallSubmission.kind == "event_form")
        for submission in db.session.scalars(mine):
            perform(submission, "send", values={"sent_how": "演练", "recipient_name": None})
        for notice in notices(pk):
            perform(notice, "send", values={"way": None})
            assert (notice.way, notice.token, notice.mail_due_at) == (NoticeWay.rehearsed, None, None)
            perform(notice, "confirm", values={"confirmed_name": "模拟", "confirmed_how": "推演"})
        for unit in units(pk)[:9]:
            perform(unit, "treat", values={"measure": "inspected", "result": "已核对"})
        db.session.commit()
        assert runs_of(db.session, the(pk)) == []
        assert db.session.scalar(select(func.count()).select_from(WebhookCall)) == 0
    with app.app_context():
        run_pass(mail_recall_notices)
    assert post.taken == []
    with app.app_context(), acting_as(SYSTEM):
        recall = the(pk)
        perform(recall, "complete")
        assert (recall.traced_percent, recall.reconciled_percent) == (Decimal("75.0"), Decimal("75.0"))
        assert recall.mock_score == mock_score(recall.scope_minutes, 60, Decimal(75), Decimal(75)) == Decimal("83.3")
        perform(recall, "close")
        waiting = select(func.count()).select_from(RecallSubmission).where(RecallSubmission.state == "to_send")
        assert db.session.scalar(waiting.where(RecallSubmission.recall_id == pk)) == 0
        db.session.commit()
    assert Visitor.signed_in(app, "quality").client.get(f"/recall/{pk}/preview/mock_recall_report.pdf").status_code == 200


def test_what_hangs_on_a_rehearsal_is_told_for_one(app: Flask) -> None:
    pk = made(app, is_mock="true")
    quality = Visitor.signed_in(app, "quality")
    with app.app_context(), acting_as(SYSTEM):
        first = {kind: db.session.scalars(select(kind.id).where(kind.recall_id == pk)).first() for kind in (*PARTS, RecallList)}
        number = f"{the(pk).number}（演练）"
    for kind, row in first.items():
        assert number in quality.open(f"/{kind.key()}/list/").text
        assert "本次为模拟召回" in quality.open(f"/{kind.key()}/show/{row}").text
    assert "本次为模拟召回" in quality.open(f"/recall/{pk}/scope").text


def test_lots_of_a_part_reach_other_products_and_the_papers_name_them(app: Flask) -> None:
    make_units(app, 2, hospitals=1)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality)
    with app.app_context(), acting_as(SYSTEM):
        first = db.session.scalars(select(Device).where(Device.lot_no == LOT).order_by(Device.id)).first()
        told = {"name": "另一产品", "specification": "ZZ-1", "registration_no": "国械注准20993070001", "maker": "另一生产企业"}
        kept = {name: getattr(first.model, name) for name in ("family_id", "risk", "legal_class")}
        beside = {"customer": first.customer, "region_id": first.region_id, "lot_no": LOT, "serial_no": "ZZ-0001"}
        db.session.add(Device(model=DeviceModel(**told, **kept), **beside))
        db.session.commit()
    scoped(quality, address, lots=LOT)
    assert "按产品" in quality.open(f"/recall/{address.rsplit('/', 1)[1]}/scope").text
    decide(app, address)
    pk = int(address.rsplit("/", 1)[1])
    with app.app_context(), acting_as(SYSTEM):
        papers = [f"recall_notice/{notice.id}/preview/recall_notice" for notice in notices(pk)]
        mine = select(RecallSubmission).where(RecallSubmission.recall_id == pk)
        papers += [f"recall_submission/{row.id}/preview/{paper.name}" for row in db.session.scalars(mine) for paper in row.printed()]
    told = ["".join(words_of(quality.client.get(f"/{paper}.pdf").data)) for paper in papers]
    assert sum("ZZ-1" in text for text in told) == len(papers) - 1  # all but the letter to the hospital that has none
    # A letter that goes out is no copy of anything; what the office prints of a draft is.
    drafts = [bool(re.search("^ *控$", text, re.MULTILINE)) for text in told]  # the mark stands slanting: a letter a line
    assert drafts == [not paper.startswith("recall_notice/") for paper in papers]


def test_a_notice_may_be_sent_without_choosing_the_way(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        notice = notices(pk)[0].id
    quality = Visitor.signed_in(app, "quality")
    ways = quality.open(f"/recall_notice/show/{notice}").page.xpath("//form[contains(@action, '/perform/send')]//select[@name='way']")
    assert [way.get("required") for way in ways] == [None]
    assert "书面信函" in quality.send("/perform/send").text


def test_notices_leave_by_mail_where_there_is_an_address_and_become_letters_where_it_fails(app: Flask, post: Post) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        for notice in notices(pk):
            perform(notice, "send")
        db.session.commit()
    with app.app_context():
        assert run_pass(mail_recall_notices) == 4
        assert run_pass(mail_recall_notices) == 0
    assert sorted(address for address, _subject, _body in post.taken) == [f"{r}{n}@hospital.invalid" for r in ("hd", "xn") for n in (1, 2)]
    assert all("/r/" in body and "立即暂停使用" in body for _address, _subject, body in post.taken)
    post.is_down = True
    with app.app_context(), acting_as(SYSTEM):
        first = notices(pk)[0]
        perform(first, "remind")
        db.session.commit()
    for hour in range(1, 8):
        with server_time.at(FRIDAY + timedelta(hours=hour)), app.app_context():
            run_pass(mail_recall_notices)
    with app.app_context(), acting_as(SYSTEM):
        first = notices(pk)[0]
        assert (first.way, first.mail_due_at, first.mail_error) == (NoticeWay.letter, None, "mailbox full")


def test_a_region_sees_its_own_units_and_notices_and_no_list_of_all(app: Flask) -> None:
    pk = made(app)
    engineer = Visitor.signed_in(app, "engineer")
    with app.app_context(), acting_as(SYSTEM):
        foreign = [unit for unit in units(pk) if unit.region.code == "XN"]
        unit, notice = foreign[0].id, next(n.id for n in notices(pk) if n.region.code == "XN")
        frozen = db.session.scalars(select(RecallList).where(RecallList.recall_id == pk)).one().id
        serials = [unit.serial_no for unit in foreign]
    page = engineer.open(f"/recall/show/{pk}")
    assert "电源板批次缺陷" in page.text
    assert "西南" not in page.text
    listed = engineer.open(f"/recall_unit/list/?recall_id={pk}").text
    assert not [serial for serial in serials if serial in listed]
    for address in (f"/recall_unit/show/{unit}", f"/recall_notice/show/{notice}"):
        assert engineer.client.get(address).status_code == 404
    assert engineer.client.get(f"/recall_list/show/{frozen}").status_code == 404
    headers = {"Authorization": f"Bearer {token_of(app, 'engineer')}"}
    answer = app.test_client().post(f"/api/v1/recall_unit/{unit}/treat", json={"measure": "repaired"}, headers=headers)
    assert answer.status_code == 404


def test_widening_keeps_the_first_list_and_says_what_was_added(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        for notice in notices(pk):
            perform(notice, "send")
            perform(notice, "confirm", values={"confirmed_name": "王", "confirmed_how": "电话"})
        db.session.commit()
        first = the(pk).list_hash
        part = db.session.scalars(select(PartReplaced).limit(1)).one()
        device = part.order.device
        create(db.session(), RecallCriterion, {"recall": the(pk), "part_no": part.part_no, "part_lots": part.new_serial_no})
        with pytest.raises(Refusal):
            perform(the(pk), "widen")
        perform(the(pk), "widen", reason="同批传感器用于维修")
        db.session.commit()
        recall = the(pk)
        lists = db.session.scalars(select(RecallList).where(RecallList.recall_id == pk).order_by(RecallList.list_no)).all()
        assert [(row.list_no, row.unit_count, row.added_count) for row in lists] == [(1, 12, 12), (2, 13, 1)]
        assert lists[0].list_hash == first != recall.list_hash
        assert app.extensions["store"].get(attachments_of(db.session, lists[0])[0].sha256)
        (added,) = units(pk, list_no=2)
        assert added.device_id == device.id
        (new,) = notices(pk, list_no=2)
        assert (new.customer_id, new.unit_count, new.state) == (device.customer_id, 1, "to_send")
        assert recall.notified_at is None, "those who came in later have to be told too"
        run = [run for run in runs_of(db.session, recall) if run.milestone == "recall_notify"]
        assert [(r.run, r.met_at is not None) for r in sorted(run, key=lambda r: r.run)] == [(1, True), (2, False)]


def test_who_proposed_does_not_decide_and_no_recall_is_decided_with_a_reason(app: Flask) -> None:
    make_units(app, 2)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality)
    pk = int(address.rsplit("/", 1)[1])
    quality.open(address).send(f"/{pk}/perform/propose", conclusion="no_recall", proposal_reason="经评估无缺陷")
    with app.test_request_context(), acting_as(SYSTEM):
        for name in ("quality", "manager"):
            account = db.session.scalars(select(Account).where(Account.username == name)).one()
            with acting_as(actor_of(account)):
                refused = NotAllowed if name == "quality" else Refusal
                with pytest.raises(refused):
                    perform(the(pk), "dismiss", values={"decision_reason": "同意"} if name == "quality" else {}, password="x")
            db.session.rollback()
        perform(the(pk), "dismiss", values={"decision_reason": "缺陷不成立，继续监测"})
        db.session.commit()
        assert the(pk).state == "not_recalled"
        with pytest.raises(Refusal):
            perform(the(pk), "decide")


def test_an_unexplained_loss_a_check_by_the_same_hand_and_a_wrong_scope_are_refused(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        unit = units(pk)[0]
        with pytest.raises(Refusal):
            perform(unit, "give_up", values={"attempts": "电话", "explanation": None})
        db.session.rollback()
        with pytest.raises(Refusal):
            perform(units(pk)[0], "destroy", values={"supervised_by": "省局", "result": "销毁"})
        db.session.rollback()
        with pytest.raises(Refusal):
            create(db.session(), RecallCriterion, {"recall": the(pk)})
        db.session.rollback()
        row = db.session.get_one(Recall, pk)
        perform(row, "draw_sample", values={"sample_size": 3})
        with pytest.raises(Refusal):
            perform(row, "draw_sample", values={"sample_size": 3})
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(RecallUnit).where(RecallUnit.recall_id == pk)) == 12


def test_the_device_of_a_running_recall_says_so(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        unit = next(unit for unit in units(pk) if unit.region.code == "HD")
        device, number = unit.device_id, the(pk).number
    engineer = Visitor.signed_in(app, "engineer")
    assert f"该设备在召回范围内：{number}" in engineer.open(f"/device/show/{device}").text
    assert number in engineer.open(f"/trace/?kind=device&key={device}").text


def test_what_an_authority_ordered_is_not_announced_as_of_our_own_accord(app: Flask) -> None:
    make_units(app, 2, hospitals=1)
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality, source="authority_order", order_no="药监召〔2026〕3号")
    scoped(quality, address, lots=LOT)
    decide(app, address)
    with app.app_context(), acting_as(SYSTEM):
        announcement = db.session.scalars(select(RecallSubmission.id).where(RecallSubmission.kind == "announcement")).all()[-1]
    paper = words_of(quality.download(f"/recall_submission/{announcement}/preview/recall_announcement.pdf"))
    text = "".join("".join(paper).split())
    assert "责令召回通知书（药监召〔2026〕3号）" in text
    assert "主动实施召回" not in text


def test_a_name_that_is_too_long_is_refused_at_its_field_and_not_cut(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        notice = notices(pk)[0]
        perform(notice, "send")
        db.session.commit()
        number, token = notice.id, notice.token
    said = {"name": "王" * 31, "department": "科" * 28, "found": "1"}
    stranger = app.test_client()
    said["token"] = form_token(stranger.get(f"/r/{token}").text)
    answer = stranger.post(f"/r/{token}", data=said)
    assert (answer.status_code, answer.text.count("内容过长")) == (422, 1), answer.text
    assert stranger.post(f"/r/{token}", data=said | {"name": "王" * 30}).status_code == 303
    with app.app_context(), acting_as(SYSTEM):
        assert notices(pk, id=number)[0].confirmed_name == f"{'科' * 28} {'王' * 30}"


def test_nothing_is_closed_while_a_report_waits(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        for notice in notices(pk):
            perform(notice, "send")
            perform(notice, "confirm", values={"confirmed_name": "设备科", "confirmed_how": "签收单"})
        for unit in units(pk):
            perform(unit, "treat", values={"measure": "repaired", "result": "更换"})
        perform(the(pk), "draw_sample", values={"sample_size": 1})
        units(pk, is_sampled=True)[0].check_result = "effective"
        db.session.flush()
        perform(the(pk), "complete")
        change(db.session(), the(pk), {"summary": "全部处理", "improvement": "更换供方"})
        db.session.flush()
        waiting = db.session.scalars(select(RecallSubmission).where(RecallSubmission.recall_id == pk)).all()
        first, *others = sorted(waiting, key=lambda row: row.kind != "event_form")
        for row in others:
            perform(row, "send", values={"sent_how": "政务平台"})
        with pytest.raises(Refusal, match=first.number):
            perform(the(pk), "close")
        db.session.rollback()


def test_what_is_not_due_yet_is_not_asked_of_a_new_recall(app: Flask) -> None:
    quality = Visitor.signed_in(app, "quality")
    asked = quality.open("/recall/add").page.xpath("//@name")
    assert {"subject", "assess_conformity", "plan_measures"} <= set(asked)
    assert not {"summary", "improvement"} & set(asked)
    pk = made(app)
    assert {"summary", "improvement"} <= set(quality.open(f"/recall/edit/{pk}").page.xpath("//@name"))


def test_choosing_the_recall_that_is_done_again_brings_its_defect(app: Flask) -> None:
    pk = made(app)
    told = sign_in(app, "quality").get(f"/recall/follow?field=previous_id&value={pk}").json["values"]
    assert told["defect"]["value"] == "unreasonable_risk"
    assert told["intended_use"]["value"] == "危重患者机械通气"


def test_a_receipt_leaves_the_whole_way_behind(app: Flask) -> None:
    pk = made(app)
    with app.app_context(), acting_as(SYSTEM):
        row = db.session.scalars(select(RecallSubmission).where(RecallSubmission.recall_id == pk)).first()
        perform(row, "send", values={"sent_how": "政务平台"})
        perform(row, "acknowledge", values={"receipt_no": "受理 1"})
        db.session.commit()
        number = row.id
    page = Visitor.signed_in(app, "quality").open(f"/recall_submission/show/{number}").page
    assert page.xpath("//ol[@class='steps']/li/@class") == ["done", "done"]


def test_the_preview_tells_of_units_whose_day_of_production_nobody_noted(app: Flask) -> None:
    make_units(app, 6, hospitals=1)
    with app.app_context(), acting_as(SYSTEM):
        lot = db.session.scalars(select(Device).where(Device.lot_no == LOT).order_by(Device.id)).all()
        for unit, day in zip(lot, (date(2024, 9, 1), date(2024, 10, 1), date(2025, 1, 1)), strict=False):
            unit.made_on = day
        db.session.commit()
    quality = Visitor.signed_in(app, "quality")
    address = draft(quality)
    scoped(quality, address, lots=LOT, made_from="2024-09-01", made_until="2024-12-31")
    with app.app_context(), acting_as(SYSTEM):
        found = preview(db.session(), the(int(address.rsplit("/", 1)[1])))
        assert (found.total, found.in_doubt) == (2, 3)
    assert "另有 3 台" in quality.open(f"{address.replace('/show', '')}/scope").text
