"""What happens to the archive and before inspectors: papers in boxes, loans, holds, an access, last year's self-inspection."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.archives.entry import ArchiveEntry
from aftersales.archives.hold import HeldEntry, LegalHold
from aftersales.archives.paper import PaperRequest, PaperUse
from aftersales.demo.people import PASSWORD, Cast
from aftersales.inspectors.access import InspectorAccess
from aftersales.record.actor import acting_as
from aftersales.record.now import today
from aftersales.record.saving import change, create
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.selfcheck.report import SelfInspection, Verdict

Story = Iterator[datetime]
REPAIRS = select(ArchiveEntry).where(ArchiveEntry.device_id.is_not(None)).order_by(ArchiveEntry.id)
BOXED = 24
LOANS = (  # days ago asked, wanted for how many days, days ago brought back (None: still out)
    (70, 14, 61), (33, 7, None), (6, 10, None),
)  # fmt: skip


def keep(session: Session, cast: Cast, present: datetime) -> list[Story]:
    ago = timedelta
    return [
        _box(session, cast, present - ago(days=90)),
        *(_lend(session, cast, place, present - ago(days=asked), wanted, back) for place, (asked, wanted, back) in enumerate(LOANS)),
        _hold(session, cast, present - ago(days=45), "设备使用中断纠纷，医院要求保全维修记录", is_over=False),
        _hold(session, cast, present - ago(days=80), "备件供应商质量索赔", is_over=True),
        _let_in(session, cast, present - ago(days=120), "省药品监督管理局", "郑明远", "体系核查：售后服务与追溯"),
        _let_in(session, cast, present - ago(days=1), "市市场监督管理局", "苏文清", "投诉举报核查：一台设备的维修经过"),
        _inspect_oneself(session, cast, datetime(present.year, 3, 2, 2, tzinfo=present.tzinfo)),
    ]


def _sealed(session: Session, place: int) -> ArchiveEntry | None:
    return session.scalars(REPAIRS.offset(place).limit(1)).one_or_none()


def _box(session: Session, cast: Cast, moment: datetime) -> Story:
    """The paper originals of the first repairs are put into boxes, a box a month."""
    yield moment
    with acting_as(cast.actors[Role.quality]):
        for entry in session.scalars(REPAIRS.limit(BOXED)).all():
            box = {"paper_room": "档案室", "paper_shelf": "A-1", "paper_box": f"{entry.sealed_at:%Y-%m}"}
            change(session, entry, box, reason="纸质原件入库")


def _lend(session: Session, cast: Cast, place: int, moment: datetime, wanted: int, back: int | None) -> Story:
    yield moment
    entry = _sealed(session, 3 * place)
    if entry is None or not entry.paper_place:
        return
    asked = {"entry": entry, "use": PaperUse.lend, "purpose": "核对用户签字原件", "wanted_until": today() + timedelta(days=wanted)}
    with acting_as(cast.actors[Role.regulatory]):
        request = create(session, PaperRequest, asked)
    yield moment + timedelta(hours=3)
    with acting_as(cast.actors[Role.quality]):
        perform(request, "approve")
        perform(request, "hand_out", values={"received_by": request.asked_by})
    if back is None:
        return
    yield moment + timedelta(days=wanted - 5)
    with acting_as(cast.actors[Role.quality]):
        perform(request, "take_back")


def _hold(session: Session, cast: Cast, moment: datetime, matter: str, *, is_over: bool) -> Story:
    yield moment
    entry = _sealed(session, 8 if is_over else 4)
    if entry is None:
        return
    with acting_as(cast.actors[Role.regulatory]):
        hold = create(session, LegalHold, {"matter": matter, "demanded_by": "法务" if is_over else "使用单位医务部门"})
        create(session, HeldEntry, {"hold": hold, "entry": entry})
    if not is_over:
        return
    yield moment + timedelta(days=30)
    with acting_as(cast.actors[Role.manager]):
        perform(hold, "release", reason="双方已达成书面一致，争议终结")


def _let_in(session: Session, cast: Cast, moment: datetime, authority: str, name: str, purpose: str) -> Story:
    """For four days, to one device and what hangs on it. The access of the past is ended by the program."""
    yield moment
    entry = _sealed(session, 0)
    if entry is None:
        return
    asked = {
        "inspector_name": name, "authority": authority, "purpose": purpose, "begins_on": today(), "ends_on": today() + timedelta(days=4),
        "things": entry.device.number,
    }  # fmt: skip
    with acting_as(cast.actors[Role.regulatory]):
        access = create(session, InspectorAccess, asked)
        perform(access, "submit")
    yield moment + timedelta(hours=1)
    with acting_as(cast.actors[Role.manager]):
        perform(access, "approve")


def _inspect_oneself(session: Session, cast: Cast, moment: datetime) -> Story:
    """Last year's, before the end of March: written by quality, reviewed by regulatory affairs, approved by the manager."""
    yield moment
    with acting_as(cast.actors[Role.quality]):
        facts = {"year": today().year - 1, "team": "质量部、法规事务部、售后服务部", "summary": "按程序文件逐项自查全年的售后服务与记录。"}
        report = create(session, SelfInspection, facts)
        for answer in report.answers:
            change(session, answer, _judged(answer.gaps))
        change(session, report, {"conclusion": "体系运行有效；所列不符合项已制定纠正措施并明确责任人和期限。"})
        perform(report, "submit")
    yield moment + timedelta(days=4)
    with acting_as(cast.actors[Role.regulatory]):
        perform(report, "review")
    yield moment + timedelta(days=9)
    with acting_as(cast.actors[Role.manager]):
        perform(report, "approve", password=PASSWORD)


def _judged(gaps: str | None) -> dict[str, object]:
    if not gaps:
        return {"verdict": Verdict.conforms}
    return {"verdict": Verdict.partly, "correction": "责任人逐项整改，质量部于期限后验证。", "due_on": today() + timedelta(days=60)}
