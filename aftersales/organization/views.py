"""The page of a code list: its values in their order, each with the dates between which it is offered."""

from aftersales.record.views import RecordView


class CodeListView(RecordView):
    show_page_template = "organization/code_list.html"
