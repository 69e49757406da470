"""The shipped roles. Each is written to the database once with its default grants; from then on it is the administrators'."""

from enum import StrEnum, auto


class Role(StrEnum):
    """The posts of an after-sales organisation (R1.1). The Chinese words are in organization/labels.toml under role.*."""

    administrator = auto()  # 系统管理员: sets up people, roles, rules and forms
    intake = auto()  # 客服: registers what comes in
    dispatcher = auto()  # 售后主管: sends people, sees what is late
    engineer = auto()  # 售后工程师: repairs
    technical_support = auto()  # 技术支持: diagnoses with the engineer
    parts_keeper = auto()  # 备件管理员
    complaint_officer = auto()  # 投诉处理专员
    follow_up = auto()  # 随访专员: calls and visits after implantations
    regulatory = auto()  # 法规专员: vigilance
    quality = auto()  # 质量: reviews, closes, approves
    sales = auto()  # 销售
    manager = auto()  # 售后经理: what is late and why
    inspector = auto()  # 检查员/审核员: reads everything, writes nothing
