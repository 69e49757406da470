"""A person at the pages, and the jobs they ask for carried out at once."""

import re
from io import BytesIO

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook

from aftersales.extensions import db
from aftersales.jobs.passes import run_as_system
from aftersales.jobs.passes import work as work_pass
from tests.world import sign_in


class Office:
    """Somebody signed in, in English; `job` is the last job's page."""

    def __init__(self, app: Flask, username: str) -> None:
        self.app, self.client = app, sign_in(app, username)
        self.client.get("/lang/en")

    def work(self) -> None:
        with self.app.app_context():
            run_as_system(work_pass)
            db.session.remove()

    def outcome(self, answer) -> tuple[dict, bytes]:
        """Follows the answer that named a job: what its progress says when it has run, and its file."""
        assert answer.status_code == 303, answer.text[:2000]
        path = answer.location.split("?")[0]
        self.work()
        return self.client.get(f"{path}/progress").json, self.client.get(f"{path}/result").data

    def template(self, key: str) -> Workbook:
        return load_workbook(BytesIO(self.client.get(f"/import/{key}/template").data))

    def fill(self, key: str, *rows: dict) -> bytes:
        """Our template with these rows, by the names of the fields."""
        book = self.template(key)
        sheet = book.worksheets[0]
        names = [cell.value for cell in sheet[1]]
        for row in rows:
            sheet.append([row.get(name) for name in names])
        return saved(book)

    def bring(self, key: str, data: bytes, name: str = "rows.xlsx") -> str:
        """Uploads a file; the address of its page."""
        answer = self.client.post(f"/import/{key}/", data={"file": (BytesIO(data), name)})
        assert answer.status_code == 303, answer.text[-3000:]
        self.work()
        return answer.location

    def take(self, page: str, rows: str = "") -> str:
        """Imports; what the page says then."""
        assert self.client.post(f"{page}/import", data={"rows": rows}).status_code == 303
        self.work()
        return self.client.get(page).text

    def returned(self, page: str) -> Workbook:
        path = re.search(r"/jobs/\d+/result", self.client.get(page).text)
        return load_workbook(BytesIO(self.client.get(path[0]).data))

    def export(self, key: str, query: str = "") -> Workbook:
        told, data = self.outcome(self.client.post(f"/sheet/{key}/export?{query}"))
        assert told["state"] == "done", told
        return load_workbook(BytesIO(data))


def saved(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def office(app: Flask):
    return lambda username: Office(app, username)
