"""What a recall is described by, in the words of 《医疗器械召回管理办法》 (令第29号); the article stands beside each."""

from enum import StrEnum, auto


class RecallSource(StrEnum):
    """Where the suspicion came from. None of them is a recall by itself: that is for the assessment of art. 12 to say."""

    complaint = auto()
    adverse_event = auto()
    signal = auto()
    inspection = auto()
    supplier = auto()
    software_defect = auto()
    authority_order = auto()
    other = auto()


class Defect(StrEnum):
    """The four kinds of defective device (art. 4)."""

    unreasonable_risk = auto()
    standard_not_met = auto()
    quality_rules_not_met = auto()
    other_defect = auto()


class RecallConclusion(StrEnum):
    recall = auto()
    no_recall = auto()


class RecallLevel(StrEnum):
    """The levels of art. 13, in its words."""

    level_1 = auto()
    level_2 = auto()
    level_3 = auto()


class Handling(StrEnum):
    """The ways of handling that make up a recall (art. 3); a software update that removes a defect is one."""

    warning = auto()
    inspection = auto()
    repair = auto()
    relabelling = auto()
    improved_instructions = auto()
    software_update = auto()
    replacement = auto()
    taking_back = auto()
    destruction = auto()


class UnitAction(StrEnum):
    """What was done with one unit; destroying one is a step of its own."""

    returned = auto()
    exchanged = auto()
    repaired = auto()
    relabelled = auto()
    software_updated = auto()
    inspected = auto()
    instructions_replaced = auto()
    warned = auto()


class CheckResult(StrEnum):
    """What the check of a sampled unit found."""

    effective = auto()
    not_effective = auto()


class NoticeWay(StrEnum):
    """How a customer is told."""

    email = auto()
    letter = auto()
    handed_over = auto()
    telephone = auto()
    rehearsed = auto()


class SubmissionKind(StrEnum):
    """What is handed in or published (art. 14, 16, 19, 20, 22)."""

    event_form = auto()
    assessment_and_plan = auto()
    announcement = auto()
    plan_change = auto()
    progress = auto()
    summary = auto()


class Recipient(StrEnum):
    """To whom (art. 16), or where it is published (art. 14)."""

    province = auto()
    registration_authority = auto()
    nmpa_website = auto()
    central_media = auto()
    province_website = auto()
