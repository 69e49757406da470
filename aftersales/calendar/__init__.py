"""Working days of China: the holidays and make-up days the State Council announces for each year, and counting by them."""

from aftersales.calendar.working_calendar import Notice, SpecialDay, WorkingCalendar

__all__ = ["Notice", "SpecialDay", "WorkingCalendar"]
