"""The page of a person: the generic one, with the way to the account they sign in with."""

from typing import Any

from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.views import RecordView


class PersonView(RecordView):
    """Accounts are given by administrators on their own page, with a reason; here is the link to it."""

    show_page_template = "people/show.html"

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, Person)
        actor = current_actor()
        account_url = f"/accounts/{record.user_id}" if record.user_id is not None and actor.can("can_read", "Account") else ""
        new_url = f"/accounts/new?person={record.id}" if record.user_id is None and actor.can("can_write", "Account") else ""
        return {"account_url": account_url, "new_account_url": new_url}
