"""Adverse events of the demonstration company, all invented: a report of twenty days, a death of seven, a group, and what was none."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import Cast
from aftersales.demo.stories import NO_HARM
from aftersales.devices.device import Device
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import now, today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.request import Channel, Harm, ServiceRequest
from aftersales.vigilance.answers import Answer, SeriousInjury
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.completeness import Precision
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.fields import Origin, ProductCategory, Relation, UsePlace
from aftersales.vigilance.group import GroupEvent, GroupNotice, Recipient, TellingBy, gather
from aftersales.vigilance.measure import EventMeasure, MeasureKind
from aftersales.vigilance.patient import Sex
from aftersales.vigilance.report import EventReport, ReportKind
from aftersales.vigilance.risk_report import RiskReport, open_reports

Story = Iterator[datetime]
SERIOUS = NO_HARM | {"serious_injury": SeriousInjury.intervention}
COULD = NO_HARM | {"could_cause": Answer.yes}


def happen(session: Session, cast: Cast, devices: Sequence[Device], present: datetime) -> list[Story]:
    """Of devices that nothing else happens to: the fourth to sixth are of one model."""
    plot = Plot(session, cast)
    ago = timedelta
    return [
        plot.reported(devices[0], present - ago(days=38)),
        plot.died(devices[1], present - ago(days=3, hours=2)),
        plot.was_none(devices[2], present - ago(days=52)),
        plot.group(devices[3:6], present - ago(days=130)),
        plot.waits(devices[6], present - ago(days=13)),
        plot.suspected(devices[7], present - ago(hours=2)),
        plot.reports_of_registrations(present - ago(days=1)),
    ]


class Plot:
    """Who tells, who decides, who reports."""

    def __init__(self, session: Session, cast: Cast) -> None:
        self.session, self.cast = session, cast

    def reported(self, device: Device, moment: datetime) -> Story:
        """A serious injury, reported on the twelfth day, evaluated, with a supplement that still has to go out."""
        yield moment
        event = self._called(device, "使用过程中设备停机，患者一度情况不稳，改用备用机后恢复", SERIOUS)
        self._patient(event, "示例患者甲", Sex.male, 62, "慢性阻塞性肺疾病")
        yield now() + timedelta(days=3, hours=2)
        self._fill(event, "生命体征一度不稳，更换设备并处置后 5 分钟内恢复", "运行中停机，重启后复现", SeriousInjury.intervention)
        yield now() + timedelta(days=8)
        self._send(event, "31012026000451")
        yield now() + timedelta(days=20)
        with acting_as(self.cast.actors[Role.quality]):
            told = {"relation": Relation.related, "cause_analysis": "主电源板电解电容老化，输出纹波超限引起保护停机"}
            perform(event, "evaluate", values=told | self._results("与产品有关；已更换主电源板，同批次列入预防性更换，风险可接受", event))
        with acting_as(self.cast.actors[Role.regulatory]):
            more = {"event_id": event.id, "report_kind": ReportKind.supplementary, "contents": "补充提交同批次产品排查结果"}
            create(self.session, EventReport, more | {"due_on": today() + timedelta(days=20)})

    def died(self, device: Device, moment: datetime) -> Story:
        """Seven days, of which three are gone."""
        yield moment
        answers = NO_HARM | {"death": Answer.not_sure, "serious_injury": SeriousInjury.not_sure, "could_cause": Answer.yes}
        event = self._event(device, "科室来电：抢救中设备报警未及时发现，患者其后死亡，是否与设备有关尚不清楚", answers)
        self._patient(event, "示例患者乙", Sex.female, 71, "冠心病、心力衰竭")

    def was_none(self, device: Device, moment: datetime) -> Story:
        yield moment
        with acting_as(self.cast.actors[Role.engineer]):
            suspicion = self._written(device, "巡检时护士提到上月有一次误报警，未在患者使用中发生")
        yield now() + timedelta(hours=3)
        with acting_as(self.cast.actors[Role.regulatory]):
            reason = "核查设备日志与护理记录：报警发生在开机自检阶段，未连接患者，再次发生亦不会造成严重伤害，不在应报范围"
            perform(suspicion, "clear", values=NO_HARM | {"decision_reason": reason})

    def waits(self, device: Device, moment: datetime) -> Story:
        """What could have led to harm; the form is filled, the report not sent yet."""
        yield moment
        event = self._event(device, "使用前检查发现报警音量无法调节，若在使用中发生可能延误处置", COULD)
        yield now() + timedelta(days=2)
        self._fill(event, "", "报警音量旋钮失效，报警音低于标称值", None)

    def suspected(self, device: Device, moment: datetime) -> Story:
        """Told by an engineer just now: it waits for the decision."""
        yield moment
        with acting_as(self.cast.actors[Role.technical_support]):
            self._written(device, "远程支持时科室称患者皮肤有发红，是否与设备有关不确定")

    def group(self, devices: Sequence[Device], moment: datetime) -> Story:
        """Three cases within ten days: told by telephone, stopped, investigated, closed."""
        events = []
        for place, device in enumerate(devices):
            yield moment + timedelta(days=4 * place)
            event = self._event(device, "测量值偏低未及时发现，患者处置延误，追加治疗后恢复", SERIOUS)
            self._patient(event, f"示例患者丙{place + 1}", Sex.not_known, 40 + place, "无特殊")
            events.append(event)
        last = events[-1]
        yield now() + timedelta(hours=1)
        with acting_as(self.cast.actors[Role.regulatory]):
            group = gather(self.session, last)
            for other in events:
                if other.group_event is None:  # another region's: the same group all the same
                    other.group_event, other.group_known_at = group, group.known_at
                    other._audit_reason = "列入群体不良事件"
            self.session.flush()
        yield now() + timedelta(hours=2)
        self._call(group, Recipient.drug_authority, "事发地省药品监督管理局")
        self._call(group, Recipient.health_authority, "事发地省卫生健康委员会")
        with acting_as(self.cast.actors[Role.regulatory]):
            perform(group, "tell")
        yield now() + timedelta(hours=6)
        for place, event in enumerate(events):
            self._fill(event, "处置延误约 2 小时，追加治疗后恢复", "测量值较参考值偏低 18%", SeriousInjury.intervention)
            self._send(event, f"3101202600010{place}")
        yield now() + timedelta(days=4)
        self._investigate(group, events)
        yield now() + timedelta(days=25)
        for event in events:
            with acting_as(self.cast.actors[Role.quality]):
                told = {"relation": Relation.related, "cause_analysis": "传感器批次漂移"}
                perform(event, "evaluate", values=told | self._results("与产品有关，同批次传感器全部更换", event))
        yield now() + timedelta(days=10)
        with acting_as(self.cast.actors[Role.quality]):
            for event in events:
                perform(event, "close")
            perform(group, "close")

    def reports_of_registrations(self, moment: datetime) -> Story:
        yield moment
        with acting_as(SYSTEM):
            open_reports(self.session)
            full = select(RiskReport).where(RiskReport.period_full_at < now()).order_by(RiskReport.ends_on)
            reports = self.session.scalars(full).all()
        for report in reports[:-2]:  # the last two still wait
            with acting_as(self.cast.actors[Role.quality]):
                told = {"evaluation": "本期未发现新的风险信号，不良事件率与上期相当。", "conclusion": "产品风险可接受，继续监测。"}
                perform(report, "compile", values=told)
            with acting_as(self.cast.actors[Role.regulatory]):
                perform(report, "submit", values={"submission_no": f"PRER{report.ends_on:%Y}{report.id:04d}", "submitted_at": now()})

    # -- steps --

    def _called(self, device: Device, told: str, answers: dict[str, Any]) -> AdverseEvent:
        """The hospital called; intake asks about harm as always."""
        call = {"channel": Channel.hotline, "received_at": now(), "device": device, "fault_text": told, "harm": Harm.not_sure}
        call |= {"is_device_down": True, "is_treatment_affected": True, "has_alternative": True, "customer_id": device.customer_id}
        with acting_as(self.cast.actors[Role.intake]):
            request = create(self.session, ServiceRequest, call)
            perform(request, "register")
            perform(request, "solve_remotely", values={"remote_solution": "已指导停用涉事设备并改用备用机，转不良事件评估"})
        with acting_as(self.cast.actors[Role.regulatory]):
            perform(request.assessment, "report", values=answers)
        return request.assessment.event

    def _written(self, device: Device, told: str) -> VigilanceAssessment:
        with acting_as(SYSTEM):  # whoever was on the telephone may work in another region than the device
            return create(self.session, VigilanceAssessment, {"device_id": device.id, "told": told})

    def _event(self, device: Device, told: str, answers: dict[str, Any]) -> AdverseEvent:
        suspicion = self._written(device, told)
        with acting_as(self.cast.actors[Role.regulatory]):
            perform(suspicion, "report", values=answers)
        return suspicion.event

    def _patient(self, event: AdverseEvent, name: str, sex: Sex, age: int, history: str) -> None:
        with acting_as(self.cast.actors[Role.regulatory]):
            told = {"name": name, "sex": sex, "age": age, "record_no": f"示例{event.id:05d}", "history": history}
            change(self.session, event.patient, told, reason="医院补充")

    def _fill(self, event: AdverseEvent, injury: str, fault: str, serious: SeriousInjury | None) -> None:
        day = event.known_on
        with acting_as(self.cast.actors[Role.regulatory]):
            change(self.session, event, {
                "origin": Origin.domestic, "category": ProductCategory.active, "occurred_on": day, "occurred_precision": Precision.day,
                "registration_no": event.registration_no or "备案凭证号见说明书", "injury_text": injury or None,
                "fault_manifestation": fault,
                "serious_kind": serious, "indication": "辅助治疗", "used_on": day, "used_precision": Precision.day,
                "use_place": UsePlace.hospital, "use_process": "按说明书连接患者使用，使用前检查通过", "is_investigated": True,
                "investigation": "工程师到场读取日志并复测，封存涉事部件", "relation": Relation.undetermined,
                "needs_risk_evaluation": False, "has_measures": True,
                "measures_text": "涉事设备停用并标识，提供备用机", "is_error": False, "is_merged": False,
            })  # fmt: skip
            measure = {"event": event, "measure": MeasureKind.tell_to_stop_use, "taken_on": day, "what": "通知使用单位停用涉事设备"}
            create(self.session, EventMeasure, measure)

    def _send(self, event: AdverseEvent, number: str) -> None:
        with acting_as(self.cast.actors[Role.regulatory]):
            perform(event, "report", values={"submission_no": number, "submitted_at": now()})

    def _results(self, result: str, event: AdverseEvent) -> dict[str, str]:
        handed_in = {"evaluation_recipient": "所在地省药品不良反应监测中心", "evaluation_no": f"PJ{event.submission_no}"}
        return {"evaluation_result": result} | handed_in

    def _call(self, group: GroupEvent, recipient: Recipient, office: str, **report: Any) -> None:
        with acting_as(self.cast.actors[Role.regulatory]):
            call = {"recipient": recipient, "office": office, "told_at": now(), "channel": TellingBy.telephone, "spoken_to": "值班人员"}
            create(self.session, GroupNotice, call | {"group_event": group} | report)

    def _investigate(self, group: GroupEvent, events: Sequence[AdverseEvent]) -> None:
        with acting_as(self.cast.actors[Role.regulatory]):
            day = events[0].known_on
            facts = {
                "user_count": 11, "case_count": len(events), "first_used_on": day, "first_occurred_on": day,
                "injury_text": "处置延误，追加治疗", "course": "十日内先后三例，均因测量值偏低，停用后未再发生",
                "lot_no": "、".join(event.serial_no or event.lot_no for event in events),
                "places": group.places or events[0].occurred_at_place,
                "registration_no": group.registration_no or "备案凭证号见说明书",
            }  # fmt: skip
            change(self.session, group, facts)
            told = {
                "investigation": "三台设备传感器为同一批次，复测偏低 16% 至 19%",
                "self_inspection": "来料检验未覆盖长期漂移，已整改",
            }
            stop = {"stopped_at": group.known_at + timedelta(hours=2), "stop_measures": "暂停该批次传感器装机和销售，通知使用单位停用"}
        self._call(group, Recipient.drug_authority, "事发地省药品监督管理局", is_report=True, channel=TellingBy.other)
        self._call(group, Recipient.monitoring_body, "事发地省药品不良反应监测中心", is_report=True, channel=TellingBy.other)
        self._call(group, Recipient.home_drug_authority, "所在地省药品监督管理局", is_report=True, channel=TellingBy.other)
        self._call(group, Recipient.home_monitoring_body, "所在地省药品不良反应监测中心", is_report=True, channel=TellingBy.other)
        with acting_as(self.cast.actors[Role.regulatory]):
            perform(group, "investigate", values=told | stop | {"is_own_province": False})
