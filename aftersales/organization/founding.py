"""The first minute of a real company: head office, and one administrator who has yet to choose a password."""

from flask import current_app
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.organization.region import Region
from aftersales.people.person import Person
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.roles import Role
from aftersales.security.account import Account

HEAD_OFFICE = ("ZB", "总部")


def found_company(username: str) -> str:
    """Make head office and the administrator, and return the sentence that hands them over. Commits.

    Refusal when there are accounts already: nobody is let into a company that exists.
    """
    from aftersales.documents.regulations import load_shipped_regulations
    from aftersales.documents.shipping import load_shipped_documents
    from aftersales.security.accounts import give

    session = db.session
    if session.scalar(select(Account.id).limit(1)) is not None:
        raise Refusal("系统中已有账号，不能再次初始化。")
    region = session.scalars(select(Region).where(Region.is_head_office)).one_or_none()
    if region is None:
        code, name = HEAD_OFFICE
        region = create(session, Region, {"code": code, "name": name, "is_head_office": True})
    post = label(f"role.{Role.administrator}", "zh")
    values = {"region_id": region.id, "staff_no": f"{region.code}001", "name": post, "posts": post, "joined_on": today()}
    person = create(session, Person, values)
    role = current_app.appbuilder.sm.find_role(Role.administrator.value)
    account, password = give(session, person, username, [role], "系统初始化")
    load_shipped_documents(session)
    load_shipped_regulations(session)
    session.commit()
    address = current_app.config["BASE_URL"]
    return f"公司已建立。请打开 {address} ，用户名 {account.username} ，初始密码 {password} ；首次登录必须修改密码。"
