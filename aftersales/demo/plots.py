"""What happens to which device, when, and how far it has come by now: the plan that `stories` plays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum, auto
from random import Random
from typing import Any

from aftersales.demo.products import Kind
from aftersales.devices.device import Device
from aftersales.service.request import Channel, Harm

MONTHS_BACK = timedelta(days=548)
USUAL_REPAIRS = 34  # each is printed and sealed: half a second of a processor
SOLVED_BY_TELEPHONE = 16


class Turn(StrEnum):
    """What is out of the ordinary about a repair."""

    usual = auto()
    by_network = auto()
    workshop = auto()
    unsafe = auto()
    deviation = auto()
    returned = auto()
    reopened = auto()
    cancelled = auto()
    paused = auto()


class Late(StrEnum):
    """Which deadline is not kept."""

    register = auto()
    respond = auto()
    on_site = auto()
    resolve = auto()


@dataclass(frozen=True)
class Plot:
    """One call. `ends_in` is the state in which the story stands today, of the request or, past that, of the order."""

    device: Device
    kind: Kind
    fault: dict[str, Any]
    received_at: datetime
    rng: Random
    ends_in: str = "closed"
    turn: Turn = Turn.usual
    late: Late | None = None
    channel: Channel = Channel.hotline
    harm: Harm = Harm.no
    is_harm_cleared: bool = False
    is_known: bool = True  # the caller named the device; else only what the plate says
    haste: timedelta | None = None  # no step takes longer, so that a young story comes as far as it should


# The state today, how long ago the call came (hours), what is particular. Each stands in the company at every scale.
OPEN: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("received", 0.07, {"channel": Channel.qr}),
    ("received", 0.15, {"channel": Channel.web_form, "is_known": False}),
    ("received", 0.9, {"channel": Channel.qr, "harm": Harm.not_sure}),
    ("registered", 0.4, {"channel": Channel.wechat}),
    ("registered", 2.5, {"is_known": False}),
    ("opened", 0.6, {}),
    ("opened", 7.0, {"late": Late.respond}),
    ("assigned", 0.7, {}),
    ("assigned", 26.0, {"late": Late.respond}),
    ("accepted", 1.6, {}),
    ("accepted", 30.0, {"late": Late.on_site}),
    ("working", 4.0, {"harm": Harm.not_sure}),
    ("working", 9.0, {"turn": Turn.by_network}),
    ("working", 75.0, {"turn": Turn.paused}),
    ("working", 250.0, {"turn": Turn.reopened}),
    ("in_workshop", 80.0, {"turn": Turn.workshop}),
    ("in_workshop", 190.0, {"turn": Turn.workshop, "late": Late.resolve}),
    ("completed", 26.0, {}),
    ("completed", 50.0, {"channel": Channel.qr}),
    ("completed", 120.0, {"turn": Turn.unsafe, "harm": Harm.yes}),
    ("cancelled", 140.0, {"turn": Turn.cancelled}),
    ("solved_remotely", 28.0, {"channel": Channel.online_chat}),
    ("request_cancelled", 55.0, {"channel": Channel.web_form, "is_known": False}),
)
# Closed ones that every company has had.
PAST: tuple[dict[str, Any], ...] = (
    {"turn": Turn.unsafe, "harm": Harm.yes, "is_harm_cleared": True},
    {"turn": Turn.reopened},
    {"turn": Turn.workshop},
    {"turn": Turn.deviation},
    {"turn": Turn.returned},
    {"turn": Turn.by_network},
    {"late": Late.respond},
    {"late": Late.on_site},
    {"late": Late.resolve},
)
MORE_PAST: tuple[dict[str, Any], ...] = (
    {"turn": Turn.unsafe},
    {"turn": Turn.reopened, "harm": Harm.not_sure, "is_harm_cleared": True},
    {"turn": Turn.workshop, "late": Late.resolve},
    {"turn": Turn.deviation},
    {"turn": Turn.by_network},
    {"turn": Turn.by_network},
    {"turn": Turn.cancelled, "ends_in": "cancelled"},
    {"turn": Turn.cancelled, "ends_in": "cancelled"},
    {"late": Late.register},
    {"late": Late.resolve},
    {"harm": Harm.not_sure, "is_harm_cleared": True},
)
CHANNELS = (*3 * (Channel.hotline,), Channel.qr, Channel.wechat, Channel.online_chat, Channel.email, Channel.sales)


def plan(rng: Random, kinds: Sequence[Kind], devices: Sequence[Device], present: datetime, scale: float, home_id: int) -> list[Plot]:
    """All calls of eighteen months, none twice on one device. Every second open one is in the region `home_id`, where the logins work."""
    stage = _Stage(rng, {kind.family.id: kind for kind in kinds}, list(devices), present)
    plots = [
        stage.plot(present - timedelta(hours=hours), region_id=home_id if place % 2 == 0 else None, ends_in=ends_in, **rest)
        for place, (ends_in, hours, rest) in enumerate(OPEN)
    ]
    past = [*PAST, *(MORE_PAST if scale >= 1 else ()), *({} for _ in range(round(USUAL_REPAIRS * scale)))]
    plots += [stage.plot(stage.some_day(place, len(past)), **rest) for place, rest in enumerate(_mixed(rng, past))]
    calls = round(SOLVED_BY_TELEPHONE * scale)
    return plots + [stage.plot(stage.some_day(place, calls), ends_in="solved_remotely") for place in range(calls)]


def _mixed(rng: Random, past: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rng.sample(past, len(past))


@dataclass
class _Stage:
    rng: Random
    kind_of: dict[int, Kind]
    free: list[Device]
    present: datetime
    told: Counter[str] = field(default_factory=Counter)  # how often each fault has been chosen

    def some_day(self, place: int, count: int) -> datetime:
        """The `place`-th of `count` moments between eighteen months and a fortnight ago, more of them lately, seldom on weekends."""
        portion = (1 - (place + self.rng.random()) / count) ** 1.3
        day = self.present - timedelta(days=14) - portion * (MONTHS_BACK - timedelta(days=14))
        if day.weekday() >= 5 and self.rng.random() < 0.7:
            day -= timedelta(days=2)
        return day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=self.rng.randrange(-30, 570))

    def plot(self, received_at: datetime, region_id: int | None = None, **rest: Any) -> Plot:
        device, kind = self._victim(received_at, rest.get("turn", Turn.usual), region_id)
        rest.setdefault("channel", self.rng.choice(CHANNELS))
        is_past = received_at < self.present - timedelta(days=12)
        haste = None if is_past else (self.present - received_at) / 12
        story = Random(self.rng.getrandbits(32))
        return Plot(device, kind, self._fault(kind, rest.get("turn") is Turn.unsafe), received_at, story, haste=haste, **rest)

    def _fault(self, kind: Kind, is_unsafe: bool) -> dict[str, Any]:
        """One that was told least often so far."""
        faults = kind.unsafe if is_unsafe else kind.stories
        fault = min(self.rng.sample(faults, len(faults)), key=lambda fault: self.told[fault["fault"]])
        self.told[fault["fault"]] += 1
        return fault

    def _victim(self, received_at: datetime, turn: Turn, region_id: int | None) -> tuple[Device, Kind]:
        """A device that had been installed by then; those of high risk twice as often as others."""
        installed = (d for d in self.free if d.installed_on < received_at.date() and region_id in (None, d.region_id))
        fitting = [device for device in installed if self._fits(self.kind_of[device.model.family_id], turn)]
        weights = [2 if self.kind_of[d.model.family_id].facts["risk"] == "high" else 1 for d in fitting]
        device = self.rng.choices(fitting, weights)[0]
        self.free.remove(device)
        return device, self.kind_of[device.model.family_id]

    def _fits(self, kind: Kind, turn: Turn) -> bool:
        match turn:
            case Turn.unsafe:
                told = {one.position: sum(self.told[story["fault"]] for story in one.unsafe) for one in self.kind_of.values() if one.unsafe}
                return kind.position in told and told[kind.position] == min(told.values())
            case Turn.workshop:
                return not kind.facts.get("is_large") and kind.facts["code"] in ("HX", "SY", "JH", "YE")
            case Turn.by_network:
                return bool(kind.facts["software"])
            case Turn.deviation:
                return kind.position % 3 != 1  # those every region has somebody for who was not trained: see people.train
            case _:
                return True
