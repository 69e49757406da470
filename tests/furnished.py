"""The world with something of everything: a sealed report, a report that waits, a loaner, a file, a pause, a deviation, a job, a notice."""

from datetime import date, timedelta

from flask import Flask
from sqlalchemy import select

from aftersales.archives.destruction import Destruction, DestructionItem
from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import HeldEntry, LegalHold
from aftersales.archives.paper import PaperRequest, PaperUse
from aftersales.calendar import SpecialDay
from aftersales.customers.customer import Customer
from aftersales.deadlines.calendar import HolidayNotice
from aftersales.deadlines.clock_pause import ClockPause
from aftersales.deadlines.clock_rule import ClockRule
from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.inspection.binder import Binder
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.log import InspectorEntry, Looked
from aftersales.jobs.job import Job, JobState
from aftersales.packages.copies import CopyPlace, CopyState
from aftersales.packages.drill import RestoredPackage, RestoreDrill
from aftersales.packages.fixity import FixityFinding, FixityReport
from aftersales.packages.packing import write_package
from aftersales.people.absence import Absence
from aftersales.people.person import Person
from aftersales.recalls.notice import RecallNotice
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.arranging import ListView
from aftersales.record.attachments import attach
from aftersales.record.audit import seal_tree
from aftersales.record.clocks import runs_of
from aftersales.record.comments import Comment
from aftersales.record.deadline import Unit
from aftersales.record.notices import Notice
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.security.account import Account
from aftersales.selfcheck.report import SelfInspection
from aftersales.service.lines import Loaner, Measurement
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.service.rating import rate
from aftersales.service.request import Channel, Harm, RequestKind, ServiceRequest
from aftersales.settings.letterhead import Letterhead
from aftersales.settings.notice_text import NoticeKind, NoticeText
from aftersales.settings.number_pattern import NumberPattern
from aftersales.spreadsheet.incoming import Import, ImportRow
from aftersales.trail.verification import KIND as VERIFICATION
from aftersales.webhooks.subscription import WebhookSubscription
from tests.portal.repair import Repair, finish, repair
from tests.world import DOT, MONDAY, recall


def furnish(app: Flask) -> Repair:
    """The repair of the first region is sealed at the end, and the trail taken into the log."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(minutes=10)):
        order = db.session.get(ServiceOrder, repair(app).order_id)
        device = db.session.scalars(select(Device).where(Device.is_loaner, Device.region_id == order.region_id)).one()
        create(db.session, Loaner, {"order": order, "device": device, "given_at": MONDAY, "returned_at": MONDAY, "disinfected_at": MONDAY})
        attach(db.session, order, DOT, "alarm.png")
        clerk = Person(region_id=order.region_id, staff_no="A900", name="何无账号", posts="仓管")
        clerk.absences = [Absence(region_id=order.region_id, first_day=MONDAY.date(), last_day=MONDAY.date())]
        db.session.add(clerk)
        _call_about(order.device)
        complaint = {"kind": RequestKind.complaint, "channel": Channel.hotline, "received_at": MONDAY, "fault_text": "两次报修均无人到场"}
        create(db.session, ServiceRequest, complaint | {"device": order.device, "harm": Harm.no})
        second = _call_about(order.device)
        perform(second, "register")
        perform(second, "order")
        untrained = db.session.scalars(select(Person).where(Person.staff_no == "A101")).one()
        perform(second.order, "assign_with_deviation", values={"engineer_id": untrained.id}, reason="无人可派")
        third = _call_about(order.device)
        perform(third, "register")
        perform(third, "order")
        perform(third.order, "assign", values={"engineer_id": order.engineer_id})
        perform(third.order, "accept")
        perform(third.order, "arrive")
        opened = {"cause": "电池老化", "plan": "更换电池", "result": RepairResult.usable, "signing_token": "opened-to-the-customer"}
        change(db.session, third.order, opened | {"signing_until": MONDAY + timedelta(days=36500)})
        for measured in order.measurements:
            create(db.session, Measurement, {"order": third.order, "item": measured.item, "is_passed": True, "measured_at": MONDAY})
        run = next(run for run in runs_of(db.session, second.order) if run.milestone == "resolve" and run.track == "company")
        create(db.session, ClockPause, {"clock_id": run.id, "reason": "等待用户安排停机时间"})
        hook = {"name": "医院设备科", "url": "https://example.invalid/hook", "secret": "long enough a secret"}
        create(db.session, WebhookSubscription, hook | {"events": "service_order.close"})
        day = MONDAY.date()
        create(db.session, NumberPattern, {"prefix_of": "SO", "letters": "WX", "effective_from": day})
        create(db.session, Letterhead, {"name": "澄海医疗器械有限公司", "effective_from": day})
        texts = {"subject": "{时限}已超时", "body": "{记录}", "subject_en": "Late: {milestone}", "body_en": "{record}"}
        create(db.session, NoticeText, {"kind": NoticeKind.passed, "effective_from": day} | texts)
        shipped = db.session.scalars(select(ClockRule).where(ClockRule.shipped_id == "B-3-high-resolve")).one()
        changed = {"amount": 60, "unit": Unit.minutes, "effective_from": day, "reason": "试行"}
        kept = ("milestone", "kind", "condition", "source", "article", "name", "name_en")
        create(db.session, ClockRule, {name: getattr(shipped, name) for name in kept} | changed | {"first": shipped})
        words = {"year": 2027, "title": "2027年节假日安排", "notice_no": "国办发明电〔2026〕9号", "issued_on": day}
        create(db.session, HolidayNotice, words | {"named_days": (SpecialDay(date(2027, 1, 1), ("元旦", "New Year's Day"), works=False),)})
        db.session.add(Comment.of(order, body="请核对", author_name="顾清和", created_at=MONDAY, mentions=[]))
        owner = db.session.scalars(select(Account).order_by(Account.id).limit(1)).one()
        db.session.add(ListView(kind="ServiceOrder", owner_id=owner.id, name="待审核", args={"state": "completed"}, changed_at=MONDAY))
        for account in db.session.scalars(select(Account)):
            told = {"subject": "工单即将到期", "body": "SO-HD-2026-000001", "url": f"/service_order/show/{order.id}", "created_at": MONDAY}
            db.session.add(Notice(user_id=account.id, key="furnished", **told))
            db.session.add(Job(kind=VERIFICATION, arguments={}, asked_by_id=account.id, asked_at=MONDAY, state=JobState.failed))
        _let_an_inspector_in(order)
        create(db.session, SelfInspection, {"year": 2026, "team": "质量部"})
        _recall_for_real()
        _bring_a_table(app)
        asked = {"asked_by_id": owner.id, "asked_at": MONDAY, "title": "HD-0001"}
        db.session.add(Binder(starts=[["device", str(order.device_id)]], pdf="0" * 64, zip="1" * 64, pages=9, originals=1, **asked))
        db.session.commit()
    finished = finish(app)
    _archive(app)
    _package(app)
    with app.app_context(), acting_as(SYSTEM):
        rate(db.session, db.session.get(ServiceOrder, finished.order_id), 2, "等了很久")
        db.session.commit()
        seal_tree(db.session, app.extensions["audit"])
    return finished


def _recall_for_real() -> None:
    """A recall that is no rehearsal: its notices are sent, and one stands behind a link."""
    told = recall()
    for notice in db.session.scalars(select(RecallNotice).where(RecallNotice.recall_id == told.id)).all():
        perform(notice, "send")
    db.session.flush()


def _let_an_inspector_in(order: ServiceOrder) -> None:
    """An access about the device, and what was looked at under it."""
    asked = {"inspector_name": "秦检", "authority": "华东市药监局", "purpose": "监督检查", "things": "HD-0001"}
    access = create(db.session, InspectorAccess, asked | {"begins_on": MONDAY.date(), "ends_on": MONDAY.date()})
    perform(access, "submit")
    perform(access, "approve")
    looked = {"looked_at": MONDAY, "looked": Looked.page, "title": "服务工单", "kind": "ServiceOrder", "record_id": order.id}
    told = {"record_name": order.number, "address": f"/service_order/show/{order.id}", "status": 200}
    db.session.add(InspectorEntry(inspector_access=access, **looked, **told))


def _archive(app: Flask) -> None:
    """The archived report has a place on the shelf, was asked for and is held; what another matter let go stands on a list to destroy."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=4)):
        entry = db.session.scalars(select(ArchiveEntry)).one()
        change(db.session, entry, {"paper_room": "档案室", "paper_shelf": "A", "paper_box": "2026-01"})
        create(db.session, PaperRequest, {"entry": entry, "use": PaperUse.lend, "purpose": "核对签名", "wanted_until": MONDAY.date()})
        hold = create(db.session, LegalHold, {"matter": "仁安医院索赔", "demanded_by": "公司法务"})
        create(db.session, HeldEntry, {"hold": hold, "entry": entry})
        listed = create(db.session, Destruction, {"region_id": entry.region_id, "reason": "保存期限已满"})
        db.session.add(
            DestructionItem(
                destruction=listed, entry=entry, region_id=entry.region_id, record_number=entry.record_number, title=entry.title
            )
        )
        db.session.commit()


def _package(app: Flask) -> None:
    """The archived report has a package; a check found one of its files damaged, and a drill of it is planned."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=5)):
        entry = db.session.scalars(select(ArchiveEntry)).one()
        package = write_package(db.session, entry.id)
        counts = {"package_count": 1, "file_count": len(entry.files), "damage_count": 1}
        report = FixityReport(begun_at=MONDAY, begun_by="系统", ended_at=MONDAY, **counts)
        file = entry.archived_files[0]
        found = {"place": CopyPlace.first, "found": CopyState.damaged, "file_name": file.name, "sha256": file.sha256}
        db.session.add_all([report, FixityFinding(report=report, entry=entry, region_id=entry.region_id, **found)])
        package.first_copy = CopyState.damaged
        db.session.flush()
        perform(report, "report")
        drill = create(db.session, RestoreDrill, {"purpose": "年度演练", "sample_size": 1})
        create(db.session, RestoredPackage, {"drill": drill, "package": package})
        db.session.commit()


def _bring_a_table(app: Flask) -> None:
    """A foreign table that the administrator brought: one row stored, one at fault by a word that is not known."""
    table = app.extensions["store"].put("医院名称,级别\n华东仁安医院,A\n西南仁安医院,B\n".encode())
    account = db.session.scalars(select(Account).where(Account.username == "administrator")).one()
    brought = Import(
        record_type="Customer", file_name="医院.csv", sha256=table, asked_by_id=account.id, asked_at=MONDAY, headings=["医院名称", "级别"],
        columns=["name", "level"], is_foreign=True, strange={"level": ["B"]}, tried_at=MONDAY, row_count=3,
    )  # fmt: skip
    db.session.add(brought)
    db.session.flush()
    customer = db.session.scalars(select(Customer).limit(1)).one()
    db.session.add(ImportRow(import_id=brought.id, row=2, record_id=customer.id, name=customer.name))
    db.session.add(ImportRow(import_id=brought.id, row=3, errors={"level": ["“B”不是该字段的选项。"]}))


def _call_about(device: Device) -> ServiceRequest:
    facts = {
        "channel": Channel.email, "received_at": MONDAY, "caller_name": "沈护士长", "caller_phone": "13900002208", "device": device,
        "fault_text": "开机无显示", "is_device_down": True, "is_treatment_affected": False, "has_alternative": True, "harm": Harm.no,
    }  # fmt: skip
    return create(db.session, ServiceRequest, facts)
