"""A real browser before the running program: at a desk and on a telephone, with an eye on what it fetches and complains of."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, expect, sync_playwright
from werkzeug.serving import make_server

HERE = Path(__file__).parent
PATIENCE = 15_000  # ms; a machine that runs the other tests beside answers late
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")


@dataclass
class Watch:
    """What a page did that it should not. A test that provokes an error names a part of its text in `expected`."""

    host: str
    expected: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def keep(self, context: BrowserContext) -> None:
        context.route(lambda url: self.is_foreign(url), self.refuse)
        context.on("request", self.note_request)
        context.on("console", self.note_console)
        context.on("weberror", lambda error: self.seen.append(f"script error: {error.error}"))

    def is_foreign(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host

    def refuse(self, route: Route) -> None:
        route.abort()

    def note_request(self, request: Request) -> None:
        if self.is_foreign(request.url):
            self.seen.append(f"request to another host: {request.url}")

    def note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def complaints(self) -> list[str]:
        return [text for text in self.seen if not any(part in text for part in self.expected)]


@pytest.fixture
def live_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the program, serving in threads on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setitem(app.config, "BASE_URL", address)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Not for the session: while Playwright runs, asyncio.run (and so signing) is refused in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=list(ARGUMENTS))
        yield browser
        browser.close()


def installed_browser() -> str | None:
    """The machine's Chromium, else None for Playwright's own. Ubuntu's placeholder for a snap does not answer and is passed over."""
    paths = (path for path in map(shutil.which, BROWSERS) if path)
    return next((path for path in paths if subprocess.run([path, "--version"], capture_output=True).returncode == 0), None)


@pytest.fixture
def watch(live_server: str) -> Iterator[Watch]:
    """Fails the test at its end if a page asked another host for anything or wrote an error to the console."""
    watch = Watch(urlsplit(live_server).netloc)
    yield watch
    assert watch.complaints() == []


@pytest.fixture
def desk(browser: Browser, live_server: str, watch: Watch) -> Iterator[Page]:
    """A page 1440 × 900, in Chinese, at the program's address: desk.goto("/login/")."""
    yield from _page(browser, watch, base_url=live_server, viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone(browser: Browser, live_server: str, watch: Watch) -> Iterator[Page]:
    """A page 390 × 844 under a finger."""
    yield from _page(
        browser, watch, base_url=live_server, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=3
    )


def _page(browser: Browser, watch: Watch, **options: object) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    watch.keep(context)
    yield context.new_page()
    context.close()
