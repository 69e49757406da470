"""What the pages of settings show beside the generic ones."""

from typing import Any

from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView
from aftersales.settings.notice_text import NoticeText


class NoticeTextView(RecordView):
    """With the message as it would read."""

    show_page_template = "settings/notice_text.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, NoticeText)
        subject, body = record.preview()
        return {"subject": subject, "body": body}
