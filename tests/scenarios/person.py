"""Somebody in front of a browser: opens pages, fills in the forms that stand on them, reads what they say."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.world import sign_in


@dataclass
class Visitor:
    """A browser and the page it shows. Forms are sent as the page gives them: hidden fields, presets and choices included."""

    client: FlaskClient
    page: Any = None
    url: str = ""
    status: int = 0

    @classmethod
    def signed_in(cls, app: Flask, username: str) -> "Visitor":
        return cls(sign_in(app, username))

    def open(self, url: str) -> "Visitor":
        return self._show(self.client.get(urljoin(self.url, url), follow_redirects=True))

    def send(self, action: str, **values: Any) -> "Visitor":
        """Send the form whose address ends in `action`, with `values` over what it holds. None leaves a field out."""
        form = self.form(action)
        filled = dict(form.form_values()) | values
        data = {name: value for name, value in filled.items() if value is not None}
        return self._show(self.client.post(urljoin(self.url, form.get("action") or self.url), data=data, follow_redirects=True))

    def form(self, action: str) -> Any:
        posted = [form for form in self.page.forms if form.method == "POST"]
        forms = [form for form in posted if (form.get("action") or self.url).split("?")[0].endswith(action)]
        assert forms, f"{self.url} has no form for {action}: {[form.get('action') for form in self.page.forms]}"
        return forms[-1]

    def download(self, url: str) -> bytes:
        answer = self.client.get(urljoin(self.url, url))
        assert answer.status_code == 200, f"{url}: {answer.status_code}"
        return answer.data

    def links(self, part: str) -> list[str]:
        return list(dict.fromkeys(href for href in self.page.xpath("//a/@href") if part in href))

    def offers(self, move: str) -> bool:
        """Whether the page has the dialog that performs this move."""
        return bool(self.page.xpath(f"//dialog[@id='move-{move}']"))

    @property
    def text(self) -> str:
        return " ".join(self.page.xpath("//main")[0].text_content().split())

    def _show(self, answer: TestResponse) -> "Visitor":
        self.page, self.url, self.status = html.fromstring(answer.text), answer.request.full_path.rstrip("?"), answer.status_code
        return self
