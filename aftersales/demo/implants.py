"""Implanted units of the demonstration company, all invented: followed up in time, late, out of reach, taken out, registered in error."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from biip.checksums import gs1_standard_check_digit
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.customers.customer import Customer
from aftersales.demo.people import HOME, PASSWORD, Cast
from aftersales.demo.stories import NO_HARM
from aftersales.devices.device import Device
from aftersales.devices.family import DeviceFamily
from aftersales.devices.model import DeviceModel, LegalClass, Risk
from aftersales.implants.attempt import FollowUpAttempt
from aftersales.implants.follow_up import ImplantFollowUp
from aftersales.implants.implant import Implant
from aftersales.implants.kinds import AsTold, AttemptResult, Consent, ExplantCause, FollowUpChannel, FollowUpKind, Respondent
from aftersales.people.person import Person
from aftersales.record.actor import acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.request import Harm
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.patient import Sex

Story = Iterator[datetime]
DIGITS = "095299010000"
SAFE = dict.fromkeys(("is_harmed", "is_operated_again", "is_failing"), Harm.no)
TOLD = {
    "respondent": Respondent.physician, "respondent_post": "主治医师", "function": AsTold.as_expected, "wound": AsTold.as_expected,
    "is_instructed": True,
}  # fmt: skip
CALLED = "术后起搏、感知正常，已向患者书面交代注意事项"
VISITED = "程控参数稳定，囊袋愈合良好，门诊复查按期"
# Days and hours since the operation, and how far the follow-up has come. Of the last ones the call is late, and still to be made.
UNITS = (
    (260, 5, "followed"), (190, 3, "followed"), (150, 6, "taken_out"), (120, 4, "followed"), (95, 7, "unreachable"), (70, 2, "followed"),
    (55, 5, "died"), (45, 4, "to_confirm"), (20, 6, "called"), (9, 3, "called"), (6, 2, "mistaken"), (1, 8, "waits"), (0, 6, "waits"),
)  # fmt: skip


def implant(session: Session, cast: Cast, customers: Sequence[Customer], present: datetime) -> list[Story]:
    """Pacemakers at the hospitals of the region where whoever follows them up has the login."""
    at_home = [customer for customer in customers if customer.region_id == cast.regions[HOME].id]
    plot = Plot(session, cast, at_home, present)
    return [plot.told(place, days, hours, how) for place, (days, hours, how) in enumerate(UNITS)]


class Plot:
    """One model, and whoever follows its units up."""

    def __init__(self, session: Session, cast: Cast, customers: Sequence[Customer], present: datetime) -> None:
        self.session, self.cast, self.customers, self.present = session, cast, customers, present
        with acting_as(cast.actors[Role.administrator]):
            self.model = create(session, DeviceModel, self._model(present.date()))
        follower = select(Person).where(Person.user_id == cast.actors[Role.follow_up].user_id)
        self.follower = session.scalars(follower).one()

    def _model(self, day: date) -> dict[str, Any]:
        family = create(self.session, DeviceFamily, {"code": "12-01", "name": "植入式心脏起搏器"})
        return {
            "family": family, "name": "植入式双腔心脏起搏器", "specification": "XQ-DR7", "maker": "澄海医疗设备厂",
            "registration_no": f"国械注准{day.year - 1}312990001", "first_approved_on": date(day.year - 1, 9, 15),
            "registration_valid_until": date(day.year + 4, 9, 14), "classification_code": "12-01-01", "risk": Risk.high,
            "legal_class": LegalClass.class_3, "is_implant": True, "is_sterile": True, "is_active": True,
            "udi_di": DIGITS + "0" + str(gs1_standard_check_digit(DIGITS + "0")), "service_life_years": 10,
        }  # fmt: skip

    def told(self, place: int, days: int, hours: int, how: str) -> Story:
        """From the hospital's list of the day to what is known of the unit now."""
        yield self.present - timedelta(days=days, hours=hours)
        unit = self._registered(place)
        if how == "mistaken":
            yield now() + timedelta(hours=3)
            with acting_as(self.cast.actors[Role.quality]):
                perform(unit, "withdraw", reason="手术取消，植入件未使用，已退回科室")
        elif how != "waits":
            yield from self._followed(unit, how)

    def _followed(self, unit: Implant, how: str) -> Story:
        call, visit = (self._of(unit, kind) for kind in (FollowUpKind.call, FollowUpKind.visit))
        yield now() + timedelta(hours=15)
        self._done(call, FollowUpChannel.telephone, CALLED)
        if how == "called":
            return
        if how in ("unreachable", "to_confirm"):
            yield from self._lost(visit, is_confirmed=how == "unreachable")
            return
        yield now() + timedelta(days=24)
        self._done(visit, FollowUpChannel.visit, VISITED)
        if how == "followed":
            return
        yield now() + timedelta(days=12)
        with acting_as(self.cast.actors[Role.follow_up]):
            if how == "died":
                perform(unit, "note_death", values={"deceased_on": today(), "death_circumstances": "医院告知：患者死于交通事故"})
            else:
                values = {"explanted_on": today(), "explant_cause": ExplantCause.planned, "whereabouts": "医院消毒封装，已移交公司隔离区"}
                perform(unit, "explant", values=values | {"explant_reason": "医院所述：改行心脏移植，按计划取出，取出前工作正常"})
        yield now() + timedelta(hours=3)
        assessment = self.session.scalars(select(VigilanceAssessment).where(VigilanceAssessment.device_id == unit.device_id)).one()
        with acting_as(self.cast.actors[Role.regulatory]):
            reason = "向主治医师核实并查阅随访记录：器械工作正常，与器械无关，不在应报范围"
            perform(assessment, "clear", values=NO_HARM | {"decision_reason": reason})

    def _lost(self, visit: ImplantFollowUp, is_confirmed: bool) -> Story:
        for days, result in ((20, AttemptResult.no_answer), (2, AttemptResult.call_later), (2, AttemptResult.no_answer)):
            yield now() + timedelta(days=days, hours=1)
            self._tried(visit, FollowUpChannel.telephone, result)
        with acting_as(self.cast.actors[Role.follow_up]):
            perform(visit, "give_up", values={"unreachable_reason": "科室联系人离职，护士站三次未能转接；保留登记，召回时仍须通知"})
        if is_confirmed:
            yield now() + timedelta(days=1)
            with acting_as(self.cast.actors[Role.quality]):
                perform(visit, "confirm", values={"confirmation": "已核对三次联系记录，同意登记为失访"}, password=PASSWORD)

    def _registered(self, place: int) -> Implant:
        hospital = self.customers[place * 5 % len(self.customers)]
        made, lot = today() - timedelta(days=80), f"{today():%y%m}P"
        serial = f"XQ{lot}{place + 1:03d}"
        unit = {
            "region_id": hospital.region_id, "model": self.model, "serial_no": serial, "lot_no": lot, "customer": hospital,
            "department": "心内科", "udi": f"(01){self.model.udi_di}(11){made:%y%m%d}(10){lot}(21){serial}", "made_on": made,
        }  # fmt: skip
        with acting_as(self.cast.actors[Role.administrator]):
            device = create(self.session, Device, unit)
        with acting_as(self.cast.actors[Role.follow_up]):
            told = {
                "device_id": device.id, "customer_id": hospital.id, "department": "心内科", "surgeon": "示例医师", "site": "左胸前囊袋",
                "operated_at": now() - timedelta(hours=2), "contact_name": "科室护士长", "follower_id": self.follower.id,
            }  # fmt: skip
            implanted = create(self.session, Implant, told)
            sex = Sex.female if place % 2 else Sex.male
            hidden = {"name": f"示例患者{place + 1:02d}", "admission_no": f"ZY{place + 1:05d}", "sex": sex}
            agreed = {"consent": Consent.given, "consent_no": f"TY-{place + 1:03d}", "consented_on": today()} if place % 3 == 0 else {}
            change(self.session, implanted.patient, hidden | {"birth_on": date(1945 + place * 2, 1 + place % 12, 9)} | agreed)
        return implanted

    def _of(self, unit: Implant, kind: FollowUpKind) -> ImplantFollowUp:
        return next(row for row in unit.follow_ups if row.follow_up_kind is kind)

    def _tried(self, follow_up: ImplantFollowUp, channel: FollowUpChannel, result: AttemptResult) -> None:
        with acting_as(self.cast.actors[Role.follow_up]):
            create(self.session, FollowUpAttempt, {"follow_up": follow_up, "channel": channel, "result": result})

    def _done(self, follow_up: ImplantFollowUp, channel: FollowUpChannel, use_told: str) -> None:
        self._tried(follow_up, channel, AttemptResult.reached)
        with acting_as(self.cast.actors[Role.follow_up]):
            change(self.session, follow_up, SAFE | TOLD | {"use_told": use_told})
            perform(follow_up, "complete", password=PASSWORD)
