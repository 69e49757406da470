"""The rule book of deadlines and the calendar of working days, as rows that administrators add to (R3)."""

from aftersales.deadlines.calendar import calendar_of
from aftersales.deadlines.clock_rule import preview, rules_for
from aftersales.deadlines.shipped import load_shipped_rules

__all__ = ["calendar_of", "load_shipped_rules", "preview", "rules_for"]
