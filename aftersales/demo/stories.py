"""How a call runs its course, told as steps: each story yields the moment of its next step, and `play` interleaves them all.

Every step is one person doing one thing through the same doors as in the pages, so that trail, clocks, numbers and sealed papers
are what they would be.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from aftersales.deadlines.clock_pause import ClockPause
from aftersales.demo.people import PASSWORD, Cast
from aftersales.demo.plots import Late, Plot, Turn
from aftersales.demo.products import Range
from aftersales.demo.scribble import scribble
from aftersales.demo.voices import rate_some
from aftersales.demo.work import hand_in, measure, parts_of
from aftersales.devices.device import Device
from aftersales.portal.stranger import portal_actor
from aftersales.record.actor import acting_as
from aftersales.record.clocks import LEGAL, runs_of
from aftersales.record.now import at, now
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.lines import Loaner
from aftersales.service.order import RepairResult, ServiceOrder
from aftersales.service.request import Channel, Harm, ServiceRequest
from aftersales.service.visit import Visit, VisitKind
from aftersales.vigilance.answers import QUESTIONS, Answer, SeriousInjury

Story = Iterator[datetime]
NO_HARM = dict.fromkeys(QUESTIONS, Answer.no) | {"serious_injury": SeriousInjury.none}
PUBLIC = (Channel.qr, Channel.web_form)
OPINIONS = ("", "", "响应及时，服务态度好", "工程师讲解清楚", "希望备件到货再快一些", "维修后使用正常", "建议增加日常保养培训")
SCORES = (88, 90, 92, 95, 95, 96, 98, 100, 100)
REVIEWS = ("记录完整，检测数据在限值内，同意关闭", "资料齐全，更换件可追溯，同意关闭", "检测项目与仪器有效期核对无误，同意关闭")


def play(stories: Iterable[Story], until: datetime, tell: Callable[[int], None]) -> None:
    """All stories up to `until`, whatever happens first first. What would come later has not happened yet."""
    queue = [(next(story), place, story) for place, story in enumerate(stories)]
    heapq.heapify(queue)
    steps = 0
    while queue and queue[0][0] <= until:
        moment, place, story = heapq.heappop(queue)
        with at(moment):
            following = next(story, None)
        if following is not None:
            heapq.heappush(queue, (max(following, moment + timedelta(minutes=1)).replace(microsecond=0), place, story))
        steps += 1
        tell(steps)


@dataclass
class Call:
    """One plot being played."""

    session: Session
    cast: Cast
    found: Range
    plot: Plot
    loaners: dict[tuple[int, int], Device]  # those not given out, by region and family

    def wait(self, low: float, high: float, late: Late | None = None) -> datetime:
        """The moment after between `low` and `high` hours; far later where the plot says that this deadline is missed."""
        hours = self.plot.rng.uniform(low, high)
        if self.plot.late is not None and self.plot.late is late:
            return now() + timedelta(hours=max(6 * hours, 1.3))
        pause = timedelta(hours=hours)
        return now() + (min(pause, self.plot.haste) if self.plot.haste is not None else pause)

    def stands(self, state: str) -> bool:
        return self.plot.ends_in == state

    def run(self) -> Story:
        request = yield from self._receive()
        if self.stands("received") or self.stands("registered"):
            return
        if self.stands("request_cancelled"):
            yield self.wait(0.5, 3)
            with acting_as(self.cast.actors[Role.intake]):
                perform(request, "cancel", reason="回访确认：误扫二维码，设备正常，无需服务")
            return
        if self.stands("solved_remotely"):
            yield self.wait(0.3, 0.9)
            with acting_as(self.cast.actors[Role.technical_support]):
                perform(request, "solve_remotely", values={"remote_solution": self.plot.kind.facts["remote"][1]})
            return
        yield self.wait(0.03, 0.1)
        with acting_as(self.cast.actors[Role.intake]):
            perform(request, "order")
        yield from self._repair(request.order)

    # -- the call --

    def _receive(self) -> Iterator[datetime]:
        plot, device = self.plot, self.plot.device
        yield plot.received_at
        caller = plot.rng.choice(device.customer.contacts)
        values = {
            "channel": plot.channel, "received_at": plot.received_at, "fault_text": plot.fault["fault"], "harm": plot.harm,
            "caller_name": caller.name, "caller_phone": caller.phone,
        }  # fmt: skip
        if self.stands("solved_remotely"):
            values["fault_text"] = plot.kind.facts["remote"][0]
        values |= {"device": device} if plot.is_known else {
            "customer_text": device.customer.name, "product_text": device.model.name, "serial_text": device.serial_no,
        }  # fmt: skip
        request = None
        if plot.channel in PUBLIC:
            region_id = device.region_id if plot.is_known else self.cast.regions["ZB"].id
            with acting_as(portal_actor(region_id)):
                request = create(self.session, ServiceRequest, values)
            if self.stands("received"):
                return request
        yield self.wait(0.05, 0.2, Late.register)
        down, affected, spare = (False, False, True) if self.stands("solved_remotely") else plot.fault["answers"]
        answers = {"is_device_down": down, "is_treatment_affected": affected, "has_alternative": spare, "harm": plot.harm}
        place = {"customer_id": device.customer_id} | ({"device_id": device.id} if not self.stands("registered") or plot.is_known else {})
        with acting_as(self.cast.actors[Role.intake]):
            if request is None:
                request = create(self.session, ServiceRequest, values | place)
            perform(request, "register", values=answers | place)
        return request

    # -- the repair --

    def _repair(self, order: ServiceOrder) -> Story:
        if self.stands("opened"):
            return
        yield self.wait(0.05, 0.3)
        self._assign(order)
        if self.stands("assigned"):
            return
        is_urgent = order.fault_level == "level_1" or self.plot.kind.facts["risk"] == "high"
        yield self.wait(0.1, 0.35, Late.respond) if is_urgent else self.wait(0.2, 1.2, Late.respond)
        with acting_as(self._engineer(order)):
            perform(order, "accept")
        if self.stands("accepted"):
            return
        yield self.wait(0.7, 2.2, Late.on_site) if is_urgent else self.wait(1.2, 4.5, Late.on_site)
        if self.plot.turn is Turn.cancelled:
            with acting_as(self.cast.actors[Role.dispatcher]):
                perform(order, "cancel", reason="院方来电：科室自行重启后恢复，观察两天正常，取消上门")
            return
        with acting_as(self._engineer(order)):
            perform(order, "connect" if self.plot.turn is Turn.by_network else "arrive")
        yield self.wait(0.3, 0.9)
        self._diagnose(order)
        yield from self._mend(order)

    def _mend(self, order: ServiceOrder) -> Story:
        match self.plot.turn:
            case Turn.by_network:
                if self.stands("working"):
                    return
                yield from self._second_visit(order, "远程诊断后携备件到场")
            case Turn.paused:
                yield from self._pause(order)
                return
            case Turn.workshop:
                yield from self._workshop(order)
                if self.stands("in_workshop"):
                    return
            case _ if self.stands("working") and self.plot.turn is not Turn.reopened:
                return
            case _ if self.plot.late is Late.resolve:
                yield from self._second_visit(order, "备件到货后再次上门", days=self.plot.rng.uniform(3, 9))
        yield self.wait(0.6, 2.5)
        self._complete(order)
        if self.plot.turn is Turn.returned:
            yield self.wait(18, 30)
            with acting_as(self.cast.actors[Role.quality]):
                perform(order, "return_to_engineer", reason="更换件旧件序列号未拍照留存，请补充后重新提交")
            yield self.wait(3, 20)
            with acting_as(self._engineer(order)):
                hand_in(self.session, measure(self.session, order, self.plot.kind.form, None, self.plot.rng))
            self._sign_off(order)
        if self.stands("completed"):
            return
        yield from self._close(order)
        if self.plot.turn is Turn.reopened:
            yield from self._reopen(order)
        if order.state == "closed":
            is_annoyed = self.plot.late is Late.resolve or self.plot.turn is Turn.reopened
            yield from rate_some(self.session, self.cast, self.plot.rng, order, is_annoyed=is_annoyed)
        if self.plot.turn is Turn.unsafe and "later" in self.plot.fault:
            yield from self._return_to_service()

    def _assign(self, order: ServiceOrder) -> None:
        region, day = self._region(), now().date()
        with acting_as(self.cast.actors[Role.dispatcher]):
            fit = self.cast.qualified(region, self.plot.device.model, day)
            planned = now() + timedelta(hours=3)
            if self.plot.turn is not Turn.deviation:
                chosen = next((p for p in fit if p.user_id and self.plot.haste), None) or self.plot.rng.choice(fit)
                perform(order, "assign", values={"engineer_id": chosen.id, "planned_at": planned})
                return
            stand_in = self.cast.unqualified(region, self.plot.device.model, day)
        with acting_as(self.cast.actors[Role.quality]):
            reason = "本区有资质工程师均在外地抢修，患者等待；由技术支持全程视频指导，完成后复核检测数据"
            perform(order, "assign_with_deviation", values={"engineer_id": stand_in.id, "planned_at": planned}, reason=reason)

    def _diagnose(self, order: ServiceOrder) -> None:
        fault = self.plot.fault
        values = {
            "cause": fault["cause"], "cause_category_id": self.found.causes[fault["category"]].id, "plan": fault["plan"],
            "plan_explained_to": self._contact(), "plan_explained_at": now(),
        }  # fmt: skip
        with acting_as(self._engineer(order)):
            change(self.session, order, values)

    def _second_visit(self, order: ServiceOrder, remark: str, days: float = 0.1) -> Story:
        with acting_as(self._engineer(order)):
            self._end_visits(order)
        yield now() + timedelta(days=days)
        yield self.wait(0.2, 0.5)
        values = {
            "order": order, "kind": VisitKind.on_site, "started_at": now() - timedelta(minutes=10), "engineer_id": order.engineer_id,
            "travel_minutes": self.plot.rng.randrange(25, 150), "remark": remark,
        }  # fmt: skip
        with acting_as(self._engineer(order)):
            create(self.session, Visit, values)

    def _end_visits(self, order: ServiceOrder) -> None:
        for visit in order.visits:
            change(self.session, visit, {"ended_at": now(), "travel_minutes": self.plot.rng.randrange(25, 150)})

    def _workshop(self, order: ServiceOrder) -> Story:
        place = (order.region_id, self.plot.kind.family.id)
        loaner = self.loaners.pop(place, None)  # None while another hospital of the region has it
        with acting_as(self._engineer(order)):
            lent = create(self.session, Loaner, {"order": order, "device": loaner, "given_at": now()}) if loaner is not None else None
            reason = {"workshop_reason": "需在恒温工作台拆解并老化运行，现场不具备条件", "is_loaner_offered": lent is not None}
            perform(order, "take_to_workshop", values=reason)
        if self.stands("in_workshop"):
            return
        yield now() + timedelta(days=self.plot.rng.uniform(2, 4))
        with acting_as(self._engineer(order)):
            perform(order, "bring_back")
            if lent is None:
                return
            change(self.session, lent, {"returned_at": now()})
        yield self.wait(1, 3)
        with acting_as(self._engineer(order)):
            change(self.session, lent, {"disinfected_at": now()})
        self.loaners[place] = loaner

    def _pause(self, order: ServiceOrder) -> Story:
        """The hospital cannot spare the device yet: the company's own clock stands still."""
        clock = next((run for run in runs_of(self.session, order) if run.state == "running" and run.track != LEGAL), None)
        if clock is None:
            return
        with acting_as(self.cast.actors[Role.dispatcher]):
            asked = create(self.session, ClockPause, {"clock": clock, "reason": "院方要求待科室腾空床位后再停机维修，已书面确认"})
        yield self.wait(0.5, 1.5)
        with acting_as(self.cast.actors[Role.manager]):
            perform(asked, "approve")

    def _complete(self, order: ServiceOrder) -> None:
        with acting_as(self._engineer(order)):
            readings = measure(self.session, order, self.plot.kind.form, self.plot.fault.get("fails"), self.plot.rng)
            hand_in(self.session, [*parts_of(order, self.plot.fault, self.plot.rng), *readings])
        self._sign_off(order)

    def _sign_off(self, order: ServiceOrder) -> None:
        rng, contact = self.plot.rng, self._contact()
        is_annoyed = self.plot.late is not None or self.plot.turn is Turn.reopened
        values = {
            "result": RepairResult.not_to_be_used if "fails" in self.plot.fault else RepairResult.usable, "accepted_by": contact,
            "satisfaction": rng.randrange(70, 86) if is_annoyed else rng.choice(SCORES), "customer_opinion": rng.choice(OPINIONS) or None,
        }  # fmt: skip
        with acting_as(self._engineer(order)):
            perform(order, "complete", values=values, drawn=scribble(contact, rng.getrandbits(32)), signer=contact)

    def _close(self, order: ServiceOrder) -> Story:
        yield self.wait(14, 60)
        with acting_as(self.cast.actors[Role.quality]):
            perform(order, "close", values={"review_opinion": self.plot.rng.choice(REVIEWS)}, password=PASSWORD)
        assessment = order.request.assessment
        if assessment is not None and assessment.state == "to_assess" and self.plot.is_harm_cleared:
            yield self.wait(5, 40)
            with acting_as(self.cast.actors[Role.regulatory]):
                finding = "调取护理记录并与科室主任核实：患者未受伤害，生命体征无变化；故障已修复并复测合格，不构成可疑不良事件"
                perform(assessment, "clear", values=NO_HARM | {"decision_reason": finding})

    def _reopen(self, order: ServiceOrder) -> Story:
        yield self.wait(70, 190)
        with acting_as(self.cast.actors[Role.quality]):
            perform(order, "reopen", reason="院方反映同一故障再次出现，需重新处理")
        if self.stands("working"):
            return
        yield from self._second_visit(order, "故障复现，再次上门处理", days=self.plot.rng.uniform(0.1, 0.4))
        yield self.wait(0.6, 2)
        self._complete(order)
        yield from self._close(order)

    def _return_to_service(self) -> Story:
        """The part has come: a second call on the banned device, after which it may be used again."""
        later = self.plot.fault["later"]
        yield now() + timedelta(days=6)
        fault = {"fault": "更换件已到货，预约上门更换并恢复使用", "answers": [True, False, True], "category": "component", **later}
        call = {"received_at": now(), "channel": Channel.service_staff, "harm": Harm.no, "is_harm_cleared": False}
        yield from replace(self, plot=replace(self.plot, fault=fault, turn=Turn.usual, late=None, **call)).run()

    def _engineer(self, order: ServiceOrder) -> Any:
        return self.cast.hand(order.engineer)

    def _contact(self) -> str:
        return self.plot.device.customer.contacts[0].name

    def _region(self) -> str:
        return next(code for code, region in self.cast.regions.items() if region.id == self.plot.device.region_id)
