"""The company's procedures: most adopted at the beginning, one revised since, one waiting for its readers, one being reviewed."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.demo.people import PASSWORD, Cast
from aftersales.demo.stories import Story
from aftersales.documents.copies import ControlledCopy
from aftersales.documents.document import ControlledDocument
from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion, latest_of
from aftersales.record.actor import Actor, acting_as
from aftersales.record.now import today
from aftersales.record.saving import create
from aftersales.record.workflow import perform
from aftersales.roles import Role

REPAIR = "AS-QP-03"
ADOPTED = ("AS-QP-01", REPAIR, "AS-QP-11", "AS-QP-15")
BEING_READ, IN_REVIEW = "AS-QP-09", "AS-QP-13"
HOLDERS = (("华东服务中心", "服务中心资料柜", "现场维修时查阅"), ("维修中心", "维修车间文件架", "送修设备维修时查阅"))
ADDED = "### 6.11 远程维修的数据保护\n\n接入前应取得使用单位同意，接入期间不得复制患者数据；结束后当场关闭，并记录起止时间。"
WEEK = timedelta(days=7)


def adopt(session: Session, cast: Cast, begun: datetime, present: datetime) -> list[Story]:
    """A story for each document that is more than a draft; documents that are not there (yet) have none."""
    codes = {document.code: document for document in session.scalars(select(ControlledDocument))}
    stories = [_adopt(session, cast, codes[code], begun + timedelta(days=5 + place)) for place, code in enumerate(ADOPTED) if code in codes]
    if REPAIR in codes:
        stories.append(_revise(session, cast, codes[REPAIR], present - timedelta(days=130)))
    if BEING_READ in codes:
        stories.append(_begin(session, cast, codes[BEING_READ], present - timedelta(days=9), is_approved=True))
    if IN_REVIEW in codes:
        stories.append(_begin(session, cast, codes[IN_REVIEW], present - timedelta(days=2), is_approved=False))
    return stories


def _adopt(session: Session, cast: Cast, document: ControlledDocument, begun: datetime) -> Story:
    version = latest_of(session, document)
    yield from _release(session, cast, version, begun)
    if document.code == REPAIR:
        yield from _copy(session, cast, version, begun + 3 * WEEK)


def _release(session: Session, cast: Cast, version: DocumentVersion, begun: datetime) -> Story:
    yield begun
    yield from _approve(cast, version, begun)
    yield begun + 2 * WEEK
    for task in _to_read(session, version):
        _pass(session, cast, task)
    yield begun + 2 * WEEK + timedelta(hours=3)
    with acting_as(cast.actors[Role.manager]):
        perform(version, "put_in_force")


def _approve(cast: Cast, version: DocumentVersion, begun: datetime) -> Story:
    """Written by regulatory affairs, reviewed by quality, approved by the manager."""
    with acting_as(cast.actors[Role.regulatory]):
        perform(version, "submit")
    yield begun + timedelta(days=2)
    with acting_as(cast.actors[Role.quality]):
        perform(version, "review")
    yield begun + timedelta(days=4)
    with acting_as(cast.actors[Role.manager]):
        perform(version, "approve", values={"effective_from": today() + timedelta(days=7)}, password=PASSWORD)


def _copy(session: Session, cast: Cast, version: DocumentVersion, moment: datetime) -> Story:
    yield moment
    with acting_as(cast.actors[Role.quality]):
        for holder, place, purpose in HOLDERS:
            values = {"document_version_id": version.id, "holder": holder, "place": place, "purpose": purpose}
            perform(create(session, ControlledCopy, values), "issue")


def _revise(session: Session, cast: Cast, document: ControlledDocument, begun: datetime) -> Story:
    """A second version of the procedure of repair; the copies of the first are called back, and one has come."""
    yield begun
    with acting_as(cast.actors[Role.regulatory]):
        latest = latest_of(session, document)
        body = latest.body.replace("\n## 7 ", f"\n{ADDED}\n\n## 7 ", 1)
        values = {"document_id": document.id, "summary": "明确远程维修的数据保护要求", "body": body, "cites": latest.cites}
        version = create(session, DocumentVersion, values)
    yield from _release(session, cast, version, begun + timedelta(days=1))
    yield from _copy(session, cast, version, begun + 3 * WEEK)
    called_back = select(ControlledCopy).where(ControlledCopy.state == "called_back").order_by(ControlledCopy.id)
    with acting_as(cast.actors[Role.quality]):
        perform(session.scalars(called_back).first(), "take_back")


def _begin(session: Session, cast: Cast, document: ControlledDocument, begun: datetime, *, is_approved: bool) -> Story:
    version = latest_of(session, document)
    yield begun
    if not is_approved:
        with acting_as(cast.actors[Role.regulatory]):
            perform(version, "submit")
        return
    yield from _approve(cast, version, begun)
    yield begun + timedelta(days=6)
    for task in _to_read(session, version)[::2]:
        _pass(session, cast, task)


def _to_read(session: Session, version: DocumentVersion) -> list[ReadingTask]:
    chosen = select(ReadingTask).where(ReadingTask.document_version_id == version.id, ReadingTask.state == "to_read")
    return list(session.scalars(chosen.order_by(ReadingTask.id)))


def _pass(session: Session, cast: Cast, task: ReadingTask) -> None:
    reader: Actor = next(actor for actor in cast.actors.values() if actor.user_id == task.user_id)
    with acting_as(reader):
        perform(task, "pass_test", values={"answers": "".join(question.right for question in task.document_version.questions)})
