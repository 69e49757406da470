"""The way through a repair for the person who does it: what is done and known, what comes next, and how to get there."""

from dataclasses import dataclass
from urllib.parse import quote

from flask_babel import gettext as _

from aftersales.labels import label
from aftersales.record.display import words
from aftersales.record.workflow import move_label
from aftersales.service import completion
from aftersales.service.order import ServiceOrder

REPAIRING = ("working", "in_workshop")
WAY = ("accept", "arrive", "complete")  # the engineer's own transitions, in order
# A search page that opens in any browser and hands over to the map on the telephone; the page itself loads nothing from there.
MAP = "https://uri.amap.com/search?keyword="


@dataclass(frozen=True)
class Task:
    """One thing of a repair: its words, whether it is done, what is known of it, and where it is done."""

    title: str
    is_done: bool
    note: str
    url: str = ""


@dataclass(frozen=True)
class Step:
    """Something to do next: its words, the page or dialog that does it, and the address it is sent to."""

    words: str
    url: str
    path: str


def tasks_of(order: ServiceOrder) -> list[Task]:
    """The way through the repair, each step with what is known and a link to where it is done."""
    edit, test = f"/service_order/edit/{order.id}", f"/service_order/{order.id}/test"
    given = completion.latest(order.measurements)
    measuring = () if order.completed_at else given.values()
    untested = {item.id for m in measuring for item in m.item.test.items if item.is_required} - set(given)
    failed = sum(m.verdict == "failed" for m in given.values())
    tests = _("%(count)s measured", count=len(given)) + (_(", %(count)s failed", count=failed) if failed else "") if given else ""
    explained = bool(order.plan_explained_to and order.plan_explained_at)
    parts = str(len(order.parts) or _("none"))
    tasks = [
        Task(label("service_order.transition.accept"), order.responded_at is not None, words(order.responded_at)),
        Task(label("service_order.transition.arrive"), order.arrived_at is not None, words(order.arrived_at)),
        Task(_("Diagnosis and plan"), bool(order.cause and order.plan), str(order.cause_category or ""), edit),
        Task(_("Explained to the user"), explained, words(order.plan_explained_at), edit),
        Task(label("service_order.section.parts"), bool(order.parts), parts, f"/part_replaced/add?parent={order.id}"),
        Task(label("service_order.section.tests"), bool(given) and not failed and not untested, tests, test),
    ]
    if order.loaners:
        out = sum(not loaner.is_settled for loaner in order.loaners)
        tasks.append(Task(label("service_order.section.loaners"), not out, _("%(count)s out", count=out) if out else "", "#loaners"))
    tasks.append(Task(label("service_order.section.acceptance"), order.completed_at is not None, words(order.completed_at)))
    return tasks


def steps_of(order: ServiceOrder) -> list[Step]:
    """What is left to do, the next first. The later ones are for whoever goes on without a network."""
    match order.state:
        case "opened":
            return [Step(_("Send an engineer"), f"/dispatch/?order={order.id}", "")]
        case "assigned":
            return [_move(order, "accept"), _move(order, "arrive"), *_work(order)]
        case "accepted":
            return [_move(order, "arrive"), *_work(order)]
        case "completed":
            return [_move(order, "close")]
        case state if state in REPAIRING:
            return _work(order)
        case _:
            return []


def _work(order: ServiceOrder) -> list[Step]:
    edit, test = f"/service_order/edit/{order.id}", f"/service_order/{order.id}/test"
    steps = []
    if not (order.cause and order.plan and order.plan_explained_at):
        steps.append(Step(_("Write diagnosis and plan"), f"{edit}#cause", edit))
    if not order.measurements:
        steps.append(Step(_("Enter the function test"), test, test))
    return [*steps, _move(order, "complete")]


def _move(order: ServiceOrder, name: str) -> Step:
    return Step(move_label(order, name), f"#move-{name}", f"/service_order/{order.id}/perform/{name}")


def address_of(order: ServiceOrder) -> str:
    customer = order.customer
    return " ".join(part for part in (customer.province, customer.city, customer.district, customer.street) if part)


def map_url(order: ServiceOrder) -> str:
    return MAP + quote(f"{address_of(order)} {order.customer.name}".strip())


def kept_with(order: ServiceOrder) -> str:
    """The forms that go along with the page of an order when it is kept on the telephone."""
    inside = (f"/{line}/add?parent={order.id}" for line in ("part_replaced", "loaner"))
    return " ".join((f"/service_order/edit/{order.id}", f"/service_order/{order.id}/test", *inside))
