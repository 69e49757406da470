"""Building the demonstration company into an empty database, in one transaction: killed at any moment, it has not begun."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random

from flask import current_app, has_request_context
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo import (
    alarms,
    archive,
    grievances,
    harms,
    hospitals,
    implants,
    meetings,
    people,
    plots,
    procedures,
    products,
    recalls,
    signs,
    stories,
    upkeep,
)  # fmt: skip
from aftersales.demo.people import Cast
from aftersales.devices.device import Device
from aftersales.documents.regulations import load_shipped_regulations
from aftersales.documents.shipping import load_shipped_documents
from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.actor import acting_as
from aftersales.record.now import CHINA, at, now
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.security.account import Account
from aftersales.settings.letterhead import Letterhead

SEED = 20250701
BEFORE = timedelta(days=575)  # the company begins a little before its first call


class NotEmpty(RuntimeError):
    """Somebody is in this database already: the demonstration company is never mixed with a real one."""


def is_built(session: Session) -> bool:
    """Whether the demonstration company is here, with its logins."""
    names = {username for _role, username, _password in people.logins()}
    return names <= set(session.scalars(select(Account.username).where(Account.username.in_(names))))


def build(say: Callable[[str], None], scale: float = 1.0) -> None:
    """The whole company, or a smaller one with all its states (`scale` below 1). Commits. Raises NotEmpty.

    It happens within the acting person's block (SYSTEM); every step within names its own hand. What was built is the same for the
    same day: `now` is where the story ends.
    """
    session = db.session
    if session.scalar(select(Region.id).limit(1)) is not None or session.scalar(select(Account.id).limit(1)) is not None:
        raise NotEmpty("the database is not empty")
    say("正在建立演示公司 …")
    present, rng = now().replace(microsecond=0), Random(SEED)
    if has_request_context():
        _build(session, rng, present, say, scale)
    else:
        with current_app.test_request_context():  # labels and refusals ask for the reader's language
            _build(session, rng, present, say, scale)


def _build(session: Session, rng: Random, present: datetime, say: Callable[[str], None], scale: float) -> None:
    today = present.astimezone(CHINA).date()
    with at(present - BEFORE):
        load_shipped_documents(session)
        load_shipped_regulations(session)
        regions = people.found_regions(session)
        cast = people.hire(session, rng, regions)
        found = products.register(session, cast)
        people.train(session, rng, cast, [kind.family for kind in found.kinds], today)
        with acting_as(cast.actors[Role.administrator]):
            instruments = products.buy_instruments(session, rng, cast, found, today)
            customers = hospitals.sign_up(session, rng, cast, max(2, round(hospitals.HOSPITALS_PER_REGION * scale)))
            devices = hospitals.install(session, rng, cast, found, customers, max(90, round(hospitals.DEVICES * scale)), today)
            lent = hospitals.lend_out(session, cast, found)
        with acting_as(cast.actors[Role.manager]):
            hospitals.promise(session, rng, customers, devices, today)
        _head_paper(session, cast, today)
    say(f"人员、{len(customers)} 家医院与 {len(devices)} 台设备已就绪，正在重演十八个月的服务 …")
    plan = plots.plan(rng, found.kinds, devices, present, scale, regions[people.HOME].id)
    loaners = {(device.region_id, device.model.family_id): device for device in lent}
    calls = [stories.Call(session, cast, found, plot, loaners).run() for plot in plan]
    spared = [device for device in devices if all(plot.device is not device for plot in plan)]
    others = [
        *(upkeep.calibrate(session, cast, instrument) for instrument in instruments[:-1]),
        *(upkeep.leave(session, cast, person, present - timedelta(days=days)) for person, days in _leavers(cast)),
        *(upkeep.retire(cast, device, present - timedelta(days=40 + 70 * place)) for place, device in enumerate(spared[:3])),
        upkeep.revise(session, cast, found.of("SY"), found, present - timedelta(days=300), is_approved=True),
        upkeep.revise(session, cast, found.of("JH"), found, present - timedelta(days=5), is_approved=False),
        *grievances.complain(session, cast, spared[3 : 3 + len(grievances.TOLD)], present),
        *alarms.sound(session, cast, present),
        *signs.warn(session, cast, found.of("SY"), customers, spared[3 + len(grievances.TOLD) :], present),
        *procedures.adopt(session, cast, present - BEFORE, present),
        *archive.keep(session, cast, present),
        *harms.happen(session, cast, _for_harm(spared), present),
        *recalls.recall(session, cast, devices, present),
        *implants.implant(session, cast, customers, present),
        *meetings.meet(session, cast, present),
    ]
    with _undisturbed():
        stories.play([*calls, *others], present, lambda steps: say(f"  {steps} 步") if steps % 200 == 0 else None)
    session.commit()
    say(f"演示公司已建立：{len(plan)} 次报修。")


def _head_paper(session: Session, cast: Cast, day: date) -> None:
    """What the reports to the authorities have to name: how the company can be reached."""
    with acting_as(cast.actors[Role.administrator]):
        told = {"name": current_app.config["COMPANY_NAME"], "address": "示例省青沙市示例路 1 号", "phone": "400-000-0000"}
        head = create(session, Letterhead, told | {"effective_from": day})
    with acting_as(cast.actors[Role.quality]):
        perform(head, "approve")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Printing leaves much to collect, and each collection would walk through all there is: a quarter of the time of a document."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _for_harm(devices: list[Device]) -> list[Device]:
    """Of those that are left, three of one model from the fourth on, and others around them."""
    rest = devices[8:]
    models = Counter(device.model_id for device in rest)
    three = next(model_id for model_id, count in models.most_common() if count >= 3)
    alike, others = ([device for device in rest if (device.model_id == three) is is_alike] for is_alike in (True, False))
    return [*others[:3], *alike[:3], *others[3:6]]


def _leavers(cast: Cast) -> list[tuple[Person, int]]:
    return [(cast.engineers["HZ"][2], 75), (cast.engineers["XB"][2], 210)]
