"""The pages of a corrective action: one that begins on the page of a complaint or a signal has it for its source."""

from typing import Any

from aftersales.improvement.corrective_action import CapaSource
from aftersales.record.views import RecordView


class CorrectiveActionView(RecordView):
    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        preset = super()._preset(names)
        source = next((source for source in (CapaSource.complaint, CapaSource.signal) if f"{source}_id" in preset), None)
        return preset | ({"source": source} if source is not None else {})
