"""Rows as people name them: "3-40, 57"."""

import re
from dataclasses import dataclass

from flask_babel import gettext as _

from aftersales.record.refusal import Refusal

LONGEST = 1000
ONE = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?", re.ASCII)


@dataclass(frozen=True)
class Ranges:
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> "Ranges | None":
        """None where nothing is named, which means every row. Raises Refusal."""
        parts = re.sub(r"\s*[-–~～至]\s*", "-", text.strip()).replace("，", ",").replace("、", ",").replace(",", " ").split()
        matches = [match for part in parts if (match := ONE.fullmatch(part))]
        if len(text) > LONGEST or len(matches) != len(parts):
            raise Refusal(_("Name rows like this: 3-40, 57."), field="rows")
        return cls(tuple((int(match[1]), int(match[2] or match[1])) for match in matches)) if parts else None

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.spans)
