"""A small company that every test finds: two regions, a person of each role in the first, one repair in each region.

Names and dates are written out, so that a test reads like a story. Everything happens on 16 November 2026, a Monday.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from aftersales.archives.destruction import Destruction
from aftersales.archives.hold import LegalHold
from aftersales.complaints.kinds import CustodyStep, InquiryKind
from aftersales.complaints.lines import ComplaintCause, ComplaintCustody, ComplaintInquiry
from aftersales.complaints.opening import propose
from aftersales.custom_fields.definition import FieldChoice, FieldDefinition
from aftersales.customers.contract import ContractPromise, Milestone, ServiceContract
from aftersales.customers.customer import Customer, CustomerContact, HospitalLevel
from aftersales.deadlines.calendar import CalendarDay, HolidayNotice
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_item import FunctionTestItem, ItemKind
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.instrument import TestInstrument
from aftersales.devices.model import DeviceModel, LegalClass, Risk
from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import ControlledDocument, DocumentKind, DocumentReader, DocumentScope
from aftersales.documents.external import Affected, ExternalDocument, ExternalKind
from aftersales.documents.prints import PrintEntry, PrintMark
from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion, ReadingQuestion
from aftersales.emergencies.drill import DrillScore, EmergencyDrill
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import DrillCriterion, Scenario
from aftersales.emergencies.lines import EmergencyCustomer, EmergencyEntry, EmergencyStep
from aftersales.emergencies.plan import EmergencyPlan, PlanMeasure, PlanMember
from aftersales.extensions import db
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.implant import Implant
from aftersales.implants.kinds import AttemptResult, FollowUpChannel
from aftersales.improvement.action import CapaAction
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.improvement.kinds import ActionKind, CapaSource, RiskGrade
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.log import InspectorEntry, Looked
from aftersales.meetings.decision import DecisionKind, MeetingDecision
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.period import PeriodKind
from aftersales.organization.code_list import Code, CodeList
from aftersales.organization.department import Department
from aftersales.organization.region import Region, ServiceCentre
from aftersales.packages.drill import RestoreDrill
from aftersales.packages.fixity import FixityReport
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work
from aftersales.recalls.choices import Defect, Handling, RecallConclusion, RecallLevel, RecallSource
from aftersales.recalls.recall import Recall
from aftersales.recalls.scope import RecallCriterion
from aftersales.recalls.steps import ASSESSMENT
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.base import RecordTrace, Regional, SharedRecord
from aftersales.record.custom import FieldKind
from aftersales.record.deadline import Unit
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.selfcheck.report import SelfInspection, SelfInspectionItem
from aftersales.service.lines import Measurement, PartReplaced
from aftersales.service.order import ServiceOrder
from aftersales.service.request import Channel, Harm, ServiceRequest
from aftersales.signals.kinds import SignalKind, SignalLook
from aftersales.signals.rates import Finding
from aftersales.signals.signal import Signal, SignalCase
from aftersales.vigilance.answers import QUESTIONS, Answer, SeriousInjury
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.group import GroupNotice, Recipient, TellingBy
from aftersales.vigilance.measure import EventMeasure, MeasureKind
from aftersales.vigilance.periods import RiskRecipient, RiskReportKind
from aftersales.vigilance.report import EventReport, ReportKind
from aftersales.vigilance.risk_report import RiskReport

OWN, FOREIGN = "HD", "XN"
PATIENTS = {OWN: "闻人若溪", FOREIGN: "澹台听雨"}
IMPLANTED = {OWN: "钟离望舒", FOREIGN: "公冶云帆"}
PASSWORD = "a password of 2026"
MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)  # 09:00 in China
# A picture of one dot: the customer's signature of the tests.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def world(app: Flask) -> None:
    """Build the company into an upgraded, empty database."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY):
        regions = {
            code: Region(code=code, name=name, is_head_office=code == "ZB")
            for code, name in (("ZB", "总部"), ("HD", "华东"), ("XN", "西南"))
        }
        db.session.add_all(regions.values())
        db.session.flush()
        products = _products()
        for code in (OWN, FOREIGN):
            _region(regions[code], products)
        _staff(app, regions)
        _papers()
        _copies()
        plan = _plan()
        opened = {code: _repair(code, closed=False) for code in (OWN, FOREIGN)}
        for code, request in opened.items():
            _emergency(request, plan)
            _harm(code)
            _implant(code)
        recall(is_mock=True)
        _signal(list(opened.values()))
        db.session.commit()


def _papers() -> None:
    """A procedure that is being written, with its first reader and a copy asked for; and what it rests on."""
    document = ControlledDocument(code="AS-QP-03", name="医疗器械维修控制程序", kind=DocumentKind.procedure, office="售后服务部")
    document.scopes, document.readers = [DocumentScope(record_type="ServiceOrder")], [DocumentReader(role_name=Role.engineer.value)]
    body = "## 1 目的\n\n规范维修。\n\n{{ clocks ServiceOrder }}\n\n{{ flow ServiceOrder }}\n"
    version = DocumentVersion(document=document, edition="A/0", summary="首次发布", body=body, author_name="顾清和")
    version.questions = [ReadingQuestion(text="谁派工？", answer_a="调度", answer_b="使用单位", right="a", why="见 5")]
    reader = db.session.scalars(select(Account).where(Account.username == "engineer")).one()
    task = ReadingTask(document_version=version, user_id=reader.id, person_name=reader.get_full_name())
    copy = ControlledCopy(document_version=version, copy_no=1, holder="华东服务中心", place="资料柜", purpose="现场维修时查阅")
    law = ExternalDocument(reference_no="国务院令第739号", name="医疗器械监督管理条例", kind=ExternalKind.regulation, issuer="国务院")
    law.affects = [Affected(document=document, articles="第50条")]
    day = MONDAY.date()
    visit = {"inspector_name": "秦检", "authority": "华东市药监局", "purpose": "监督检查", "begins_on": day, "ends_on": day, "starts": []}
    let_in = InspectorAccess(is_everything=True, **visit)
    seen = InspectorEntry(inspector_access=let_in, looked_at=MONDAY, looked=Looked.page, title="设备", address="/device/list/", status=200)
    meeting = QualityMeeting(period_kind=PeriodKind.quarter, begins_on=day.replace(month=4, day=1), ends_on=day.replace(month=6, day=30))
    department = db.session.scalars(select(Department)).first()
    doer = db.session.scalars(select(Person).order_by(Person.id)).first()
    decision = MeetingDecision(
        meeting=meeting, decision="通报传感器漂移", department=department, assignee=doer, due_on=day, kind=DecisionKind.informing,
        decided_at=MONDAY,
    )  # fmt: skip
    report = SelfInspection(year=2025, drafted_by="顾清和", answers=[SelfInspectionItem(code="training", rank=1, demand="培训")])
    db.session.add_all([version, task, copy, law, let_in, seen, report, meeting, decision])
    db.session.flush()


def _copies() -> None:
    """A check of the archive that found nothing, and a drill that is planned."""
    report = FixityReport(begun_at=MONDAY, begun_by="系统", ended_at=MONDAY, package_count=0, file_count=0, damage_count=0)
    db.session.add_all([report, RestoreDrill(purpose="年度演练", sample_size=1)])
    db.session.flush()
    perform(report, "report")


def _products() -> dict[str, Any]:
    family = DeviceFamily(code="08-03", name="呼吸机")
    model = DeviceModel(
        family=family,
        name="治疗呼吸机",
        specification="VX-90",
        maker="澄海医疗设备厂",
        registration_no="国械注准20243080001",
        registration_valid_until=date(2029, 5, 1),
        classification_code="08-01-01",
        risk=Risk.high,
        legal_class=LegalClass.class_3,
        udi_di="06901234567892",
        service_life_years=10,
    )
    pacemaker = DeviceModel(
        family=DeviceFamily(code="12-01", name="心脏起搏器"), name="植入式心脏起搏器", specification="PM-3", maker="澄海医疗设备厂",
        registration_no="国械注准20253120009", risk=Risk.high, legal_class=LegalClass.class_3, is_implant=True, is_sterile=True,
    )  # fmt: skip
    kind = db.session.scalars(select(Code).join(CodeList).where(CodeList.code == "instrument_kind").limit(1)).one()
    form = FunctionTest(name="呼吸机性能测试", family=family)
    form.items = [
        FunctionTestItem(
            position=1, name="潮气量", kind=ItemKind.numeric, unit="mL", lower=450, upper=550, nominal=500, instrument_kind=kind
        ),
        FunctionTestItem(position=2, name="高压报警", kind=ItemKind.pass_fail),
    ]
    notice = HolidayNotice(
        year=2030, title="国务院办公厅关于2030年部分节假日安排的通知", notice_no="国办发明电〔2029〕0号", issued_on=date(2029, 11, 5)
    )
    notice.days = [CalendarDay(day=date(2030, 1, 1), name="元旦", name_en="New Year", is_worked=False)]
    power = FieldDefinition(place="device.place", name="供电", name_en="Supply", kind=FieldKind.choice, active_from=date(2026, 1, 1))
    power.choices = [FieldChoice(code="UPS", name="不间断电源", name_en="Uninterruptible", position=1)]
    power.on_create()
    db.session.add_all([family, model, pacemaker, form, notice, power, Department(name="售后服务部")])
    db.session.flush()
    form.on_create()
    perform(form, "approve")
    perform(notice, "approve")
    db.session.flush()
    return {"family": family, "model": model, "kind": kind, "form": form}


def _region(region: Region, products: dict[str, Any]) -> None:
    name = region.name
    customer = Customer(
        region_id=region.id,
        name=f"{name}仁安医院",
        level=HospitalLevel.tertiary_a,
        city=f"{name}市",
        contact_name=f"{name}主任",
        contact_phone="13900002208",
    )
    customer.contacts = [CustomerContact(name=f"{name}护士长", position="ICU", phone="13900003309")]
    device = Device(
        region_id=region.id,
        model=products["model"],
        serial_no=f"{region.code}-0001",
        customer=customer,
        department="ICU",
        made_on=date(2024, 1, 8),
        installed_on=date(2024, 3, 1),
        warranty_until=date(2027, 3, 1),
        software_release="2",
        software_full_version="2.1.4.7",
    )
    loaner = Device(region_id=region.id, model=products["model"], serial_no=f"{region.code}-L1", is_loaner=True)
    contract = ServiceContract(
        region_id=region.id,
        customer=customer,
        contract_no=f"HT-{region.code}-7",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        is_for_all_devices=True,
    )
    contract.promised = [ContractPromise(milestone=Milestone.on_site, amount=3, unit=Unit.hours)]
    good = TestInstrument(
        region_id=region.id,
        name="气流分析仪",
        kind=products["kind"],
        serial_no=f"QL-{region.code}-1",
        calibrated_on=date(2026, 3, 1),
        calibration_valid_until=date(2027, 2, 28),
    )
    stale = TestInstrument(
        region_id=region.id,
        name="气流分析仪",
        kind=products["kind"],
        serial_no=f"QL-{region.code}-2",
        calibrated_on=date(2025, 3, 1),
        calibration_valid_until=date(2026, 2, 28),
    )
    centre = ServiceCentre(region_id=region.id, name=f"{name}服务中心")
    db.session.add_all([customer, device, loaner, contract, good, stale, centre])
    db.session.flush()


def _staff(app: Flask, regions: dict[str, Region]) -> None:
    family = db.session.scalars(select(DeviceFamily).where(DeviceFamily.code == "08-03")).one()
    for number, role in enumerate(Role, 1):
        _person(app, role.value, role, regions[OWN], f"A{number:03d}")
    _person(app, "untrained", Role.engineer, regions[OWN], "A101")
    _person(app, "far_engineer", Role.engineer, regions[FOREIGN], "B001")
    for username in ("engineer", "far_engineer"):
        person = db.session.scalars(select(Person).join(Account, Account.id == Person.user_id).where(Account.username == username)).one()
        person.qualifications = [
            Qualification(
                family=family,
                work=Work.repair,
                valid_from=date(2025, 1, 1),
                valid_until=date(2027, 5, 30),
                evidence="CERT-1",
                effect_confirmed_on=date(2025, 1, 10),
            )
        ]
    db.session.flush()


def _person(app: Flask, username: str, role: Role, region: Region, staff_no: str) -> Person:
    account = Account(
        username=username,
        first_name=username.title(),
        last_name="Test",
        email=f"{username}@example.invalid",
        active=True,
        password=generate_password_hash(PASSWORD, method="pbkdf2:sha256:1"),
        roles=[app.appbuilder.sm.find_role(role.value)],
    )
    db.session.add(account)
    db.session.flush()
    person = Person(region_id=region.id, staff_no=staff_no, name=f"{region.name}{username}", posts=role.value, user_id=account.id)
    db.session.add(person)
    db.session.flush()
    return person


def _repair(code: str, *, closed: bool) -> ServiceRequest:
    device = db.session.scalars(select(Device).where(Device.serial_no == f"{code}-0001")).one()
    request = ServiceRequest(
        region_id=device.region_id,
        channel=Channel.hotline,
        received_at=MONDAY - timedelta(minutes=5),
        caller_name="沈护士长",
        caller_phone="13900002208",
        customer=device.customer,
        device=device,
        fault_text=f"{code} 潮气量偏低报警",
        is_device_down=True,
        is_treatment_affected=True,
        has_alternative=False,
        harm=Harm.not_sure,
    )
    db.session.add(request)
    db.session.flush()
    perform(request, "register")
    perform(request, "order")
    db.session.flush()
    order = request.order
    username = "engineer" if code == OWN else "far_engineer"
    engineer = db.session.scalars(select(Person).join(Account, Account.id == Person.user_id).where(Account.username == username)).one()
    perform(order, "assign", values={"engineer_id": engineer.id})
    perform(order, "accept")
    perform(order, "arrive")
    order.parts.append(
        PartReplaced(part_no="VX-S04", name="流量传感器", old_serial_no=f"{code}-S1", new_serial_no=f"{code}-S2", reason="漂移")
    )
    item = db.session.scalars(select(FunctionTestItem).where(FunctionTestItem.name == "高压报警")).one()
    measurement = Measurement(order=order, item=item, is_passed=True, measured_at=MONDAY)
    measurement.on_create()
    db.session.add(measurement)
    db.session.flush()
    printed = {"title": "维修报告", "record_name": order.number, "form_no": "QR-FW-01", "edition": "A/0", "mark": PrintMark.uncontrolled}
    db.session.add(PrintEntry.of(order, printed_at=MONDAY, printed_by=engineer.name, **printed))
    create(db.session(), Destruction, {"region_id": device.region_id, "reason": "保存期已满"})
    _improve(order, engineer)
    if code == OWN:
        create(db.session(), LegalHold, {"matter": "家属索赔", "demanded_by": "仁安医院医务处"})
    db.session.flush()
    return request


def _plan() -> EmergencyPlan:
    """One that is being written."""
    told = {"title": "批量故障应急预案", "scenario": Scenario.batch_fault, "edition": "A/0", "start_conditions": "同批两台以上同源故障"}
    plan = EmergencyPlan(drafted_by="顾清和", **told)
    plan.members = [PlanMember(position=1, depth=1, duty="应急总指挥", name="卢致远", phone="13800000001")]
    plan.measures = [PlanMeasure(position=1, measure="冻结同批库存", minutes=30)]
    db.session.add(plan)
    return plan


def _emergency(request: ServiceRequest, plan: EmergencyPlan) -> None:
    """One that began from the repair, with a row of each kind, and a drill that is planned."""
    place = {"region_id": request.region_id, "plan": plan}
    told = {"title": f"{request.fault_text}批量故障", "situation": "同日两次报修", "started_at": MONDAY, "started_by": "方可"}
    emergency = Emergency(order=request.order, model=request.device.model, **place, **told)
    emergency.customers = [EmergencyCustomer(customer=request.customer, unit_count=1)]
    emergency.steps = [EmergencyStep(position=1, measure="冻结同批库存", minutes=30)]
    emergency.entries = [EmergencyEntry(text="已报告组长", noted_by="方可", noted_at=MONDAY)]
    drill = EmergencyDrill(title="通知演练", planned_on=MONDAY.date(), announced_at=MONDAY, outline="假设传感器漂移", **place)
    drill.scores = [DrillScore(position=1, criterion=DrillCriterion.team_time, weight=20)]
    db.session.add_all([emergency, drill])
    db.session.flush()


def _improve(order: ServiceOrder, engineer: Person) -> None:
    """A complaint is proposed from the repair, with a row of each kind, and an action is being written."""
    complaint = propose(db.session(), order, ["90 天内同一设备再次维修"])
    complaint.inquiries = [ComplaintInquiry(kind=InquiryKind.test, question="复测潮气量")]
    received = {"step": CustodyStep.received, "item": "流量传感器", "identifier": f"{order.device.serial_no}-S1", "place": "退货区"}
    complaint.custody = [ComplaintCustody(handled_by=engineer.name, handled_at=MONDAY, **received)]
    complaint.causes = [ComplaintCause(position=1, statement="传感器漂移")]
    problem = {"title": "流量传感器漂移", "problem": "同型号传感器反复漂移", "risk_grade": RiskGrade.middle, "source": CapaSource.other}
    action = create(db.session(), CorrectiveAction, problem | {"region_id": order.region_id})
    planned = {"kind": ActionKind.corrective, "measure": "更换供应商", "assignee": engineer, "due_on": MONDAY.date()}
    create(db.session(), CapaAction, planned | {"corrective_action": action})


def _harm(code: str) -> None:
    """A serious injury that may be one of a group, with its patient, a follow-up that waits, and the registration's yearly report."""
    device = db.session.scalars(select(Device).where(Device.serial_no == f"{code}-0001")).one()
    told = {"device_id": device.id, "told": f"{code} 通气中断，患者血氧下降"}
    assessment = create(db.session(), VigilanceAssessment, told)
    answers = dict.fromkeys(QUESTIONS, Answer.no)
    answers |= {"serious_injury": SeriousInjury.intervention, "in_group": Answer.not_sure}
    perform(assessment, "report", values=answers)
    event = assessment.event
    for name, value in {"name": PATIENTS[code], "record_no": f"ZY-{code}-88", "age": 61, "history": "慢阻肺"}.items():
        setattr(event.patient, name, value)
    about = {"contents": "补充检测结果", "report_kind": ReportKind.follow_up}
    db.session.add(EventReport(event=event, region_id=event.region_id, **about))
    event.measures = [EventMeasure(region_id=event.region_id, measure=MeasureKind.self_inspection, taken_on=MONDAY.date())]
    told = {"office": "省监测中心", "told_at": MONDAY, "channel": TellingBy.telephone, "spoken_to": "值班人员"}
    event.group_event.notices = [GroupNotice(region_id=event.region_id, recipient=Recipient.monitoring_body, **told)]
    if code == OWN:
        period = {"begins_on": date(2025, 11, 1), "ends_on": date(2026, 11, 1), "period_full_at": MONDAY, "figures": []}
        of = {"model": device.model, "product_name": device.model.name, "registration_no": device.model.registration_no}
        db.session.add(
            RiskReport(report_kind=RiskReportKind.yearly, legal_class=LegalClass.class_3, recipient=RiskRecipient.national, **period, **of)
        )
    db.session.flush()


def _implant(code: str) -> None:
    """A unit in a patient, with the call that was tried in vain."""
    hospital = db.session.scalars(select(Customer).join(Region).where(Region.code == code)).one()
    model = db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "PM-3")).one()
    place = {"region_id": hospital.region_id, "customer": hospital}
    unit = Device(model=model, serial_no=f"{code}-PM-1", lot_no=f"{code}-PM", department="心内科", **place)
    db.session.add(unit)
    db.session.flush()
    told = {"device_id": unit.id, "customer_id": hospital.id, "operated_at": MONDAY - timedelta(hours=3), "surgeon": f"{code}许主任"}
    implant = create(db.session(), Implant, told)
    hidden = {"name": IMPLANTED[code], "admission_no": f"PM-{code}-77", "birth_on": date(1951, 4, 6), "remarks": "独居"}
    for name, value in hidden.items():
        setattr(implant.patient, name, value)
    call = implant.follow_ups[0]
    tried = {"channel": FollowUpChannel.telephone, "result": AttemptResult.no_answer}
    create(db.session(), FollowUpAttempt, tried | {"follow_up": call})


def recall(**facts: Any) -> Recall:
    """A running recall of every device: each region has units and a notice of it. The world's is a rehearsal, so no clock runs."""
    told = {"subject": "流量传感器漂移", "source": RecallSource.signal, "source_text": "两地同时出现", "defect": Defect.unreasonable_risk}
    told |= {"handling": Handling.software_update, "cause_brief": "漂移", "demands": "暂停使用", "instructions": "上门更新软件"}
    model = db.session.scalars(select(DeviceModel).where(DeviceModel.specification == "VX-90")).one()
    row = create(db.session(), Recall, told | dict.fromkeys(ASSESSMENT, "已评估") | {"model": model} | facts)
    create(db.session(), RecallCriterion, {"recall": row, "model": model})
    perform(row, "freeze")
    proposal = {"conclusion": RecallConclusion.recall, "recall_level": RecallLevel.level_2, "proposal_reason": "可逆"}
    perform(row, "propose", values=proposal)
    perform(row, "decide")
    return row


def _signal(requests: list[ServiceRequest]) -> None:
    """A rise of the model, with a case in each region."""
    model, day = requests[0].device.model, MONDAY.date()
    found = Finding(SignalKind.trend, day, day, 2, 2, 1, 30, 330, 0.05, looks_a_year=12, p=0.001, threshold=0.002)
    signal = Signal(
        kind=SignalKind.trend, subject=str(model), subject_key=f"trend:{model.id}", model=model, look=SignalLook.month, found_at=MONDAY,
        last_case_at=MONDAY, case_count=2, finding=found.to_json(), months={"first": "2026-11", "counts": [2], "expected": 0.3},
    )  # fmt: skip
    signal.cases = [SignalCase(request=request, region_id=request.region_id, added_at=MONDAY) for request in requests]
    db.session.add(signal)
    db.session.flush()


# -- what tests ask of it --


def sign_in(app: Flask, username: str) -> FlaskClient:
    """A browser in which this person has signed in."""
    client = app.test_client()
    answer = client.post("/login/", data={"username": str(username), "password": PASSWORD})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:500]
    return client


def token_of(app: Flask, username: str) -> str:
    answer = app.test_client().post("/api/v1/security/login", json={"username": str(username), "password": PASSWORD, "provider": "db"})
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    return answer.json["access_token"]


def specimen(app: Flask, cls: type[SharedRecord], region: str) -> int | None:
    """The id of a record of the type: of that region, or any where the type has none."""
    with app.app_context(), acting_as(SYSTEM):
        chosen = select(cls.id)
        if issubclass(cls, Regional | RecordTrace):
            chosen = chosen.join(Region, Region.id == cls.region_id).where(Region.code == region)
        return db.session.scalars(chosen.order_by(cls.id).limit(1)).one_or_none()


def foreign_marks(app: Flask) -> list[str]:
    """Names and numbers that stand only in records of the foreign region."""
    return [
        "西南仁安医院",
        f"{FOREIGN}-0001",
        f"QL-{FOREIGN}-1",
        f"HT-{FOREIGN}-7",
        "西南far_engineer",
        f"{FOREIGN}-S2",
        f"-{FOREIGN}-2026",
        PATIENTS[FOREIGN],
        f"ZY-{FOREIGN}-88",
        IMPLANTED[FOREIGN],
        f"PM-{FOREIGN}-77",
        f"{FOREIGN}-PM-1",
    ]
