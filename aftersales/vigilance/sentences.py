"""The sentences of the form's rules, for the field where they are broken."""

from flask_babel import gettext as _

from aftersales.vigilance import completeness as rule


def sentence(problem: str) -> str:
    return {
        rule.LOT_OR_SERIAL: _("Lot number and serial number may not both be empty."),
        rule.INJURY_OR_FAULT: _("Manifestation of the injury and of the fault may not both be empty."),
        rule.INJURY_OF_SERIOUS: _("Of a serious injury its manifestation is told."),
        rule.KIND_OF_SERIOUS: _("Say which of the three kinds of serious injury it is."),
        rule.INVESTIGATION: _("It was investigated: say what was found."),
        rule.PLAN_OF_RISK: _("A risk evaluation is needed: say by when it is planned, within three months if possible."),
        rule.MEASURES: _("Control measures were taken: say which."),
        rule.NO_MEASURES: _("No control measure was taken: say why."),
        rule.ERROR_REASON: _("Reported in error: say why."),
        rule.ERROR_FILE: _("Reported in error: file what proves it first."),
        rule.MERGED_WITH: _("Merged: name the report it is merged with."),
        rule.FIRST_OF_YEAR: _("Only the year is known: enter 1 January."),
        rule.FIRST_OF_MONTH: _("Only the month is known: enter its first day."),
        rule.DAY_OF_AWARENESS: _("The date is not known: enter the day of awareness."),
        rule.NOTE_OF_DATE: _("The date is not known: note that here."),
        rule.AFTER_AWARENESS: _("This lies after the day of awareness."),
        rule.USED_AFTER_EVENT: _("It cannot have been used first after the event."),
    }[problem]
