"""Quality meetings (质量分析会): the figures of a quarter or month, counted from the records, and what was decided on them (R11.4)."""
