"""Photograph the main pages for the user's guide, at a desk and on a telephone.

    make screenshots [ADDRESS=http://127.0.0.1:8000]
    python scripts/screenshots.py http://127.0.0.1:8000 orders device    only these

The program must be running there with the demonstration company (make run in another window). The pictures go to docs/screens/;
look at every one before they are committed.
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

SCREENS = Path(__file__).resolve().parents[1] / "docs" / "screens"
PASSWORD = "demo123456"
WIDTHS = {"desk": (1440, 900), "phone": (390, 844)}
QUALITY, WIDEST = 55, 1440

# Name of the picture, whose eyes, where to begin, and the links or buttons to follow from there.
PAGES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("login", "", "/login/", ()),
    ("home-engineer", "engineer", "/", ()),
    ("home-dispatcher", "dispatcher", "/", ()),
    ("home-manager", "manager", "/", ()),
    ("home-quality", "quality", "/", ()),
    ("intake", "intake", "/intake/?device_id=5", ()),
    ("dispatch", "dispatcher", "/dispatch/", (".board .end a:text-is('派工')",)),
    ("orders", "dispatcher", "/service_order/list/", ()),
    ("order", "quality", "/service_order/list/?state=completed", ("tr[data-href] td > a",)),
    ("job", "engineer", "/service_order/list/?state=working&mine=1", ("tr[data-href] td > a",)),
    ("test-sheet", "engineer", "/service_order/list/?state=working&mine=1", ("tr[data-href] td > a", "#tasks a[href$='/test']")),
    ("closed", "inspector", "/service_order/list/?state=closed", ("tr[data-href] td > a",)),
    ("complaint", "complaint_officer", "/complaint/list/?state=investigating", ("tr[data-href] td > a",)),
    ("signal", "quality", "/signal/list/?state=confirmed", ("tr[data-href] td > a",)),
    ("capa-board", "quality", "/capa_board/", ()),
    ("adverse-event", "regulatory", "/adverse_event/list/?state=draft", ("tr[data-href] td > a",)),
    ("recall", "regulatory", "/recall/list/?state=running", ("tr[data-href] td > a",)),
    ("emergency", "quality", "/emergency/list/?order=-id", ("tr[data-href] td > a",)),
    ("implant", "follow_up", "/implant/list/", ("tr[data-href] td > a",)),
    ("follow-up", "follow_up", "/implant_follow_up/list/?state=due", ("tr[data-href] td > a",)),
    ("quality-meeting", "quality", "/quality_meeting/list/?state=prepared", ("tr[data-href] td > a",)),
    ("device", "engineer", "/service_order/list/?state=closed", ("tr[data-href] td > a", ".job-acts a[href^='/device/']")),
    ("device-form", "dispatcher", "/device/edit/5", ()),
    ("import", "administrator", "/import/customer/", ()),
    ("document", "quality", "/document_version/list/?state=effective", ("tr[data-href] td > a",)),
    ("role", "administrator", "/roles/4", ()),
    ("rules", "administrator", "/clock_rule/list/", ()),
    ("calendar", "administrator", "/holiday_notice/list/", ()),
    ("report", "", "/p/", ()),
    ("verify", "", "/v/", ()),
)


def main(address: str, *names: str) -> None:
    """All pictures, or those of the pages named."""
    SCREENS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--lang=zh-CN"], env={**os.environ, "LANGUAGE": "zh_CN"}
        )
        signed_in: dict[str, Page] = {}
        for name, person, begin, ways in PAGES:
            if names and name not in names:
                continue
            page = signed_in.get(person) or signed_in.setdefault(person, enter(browser, address, person))
            for device, (width, height) in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                page.goto(begin)
                for way in ways:
                    page.goto(page.locator(way).first.get_attribute("href"))
                keep(page, f"{name}-{device}")
        browser.close()


def enter(browser: Browser, address: str, person: str) -> Page:
    context = browser.new_context(base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai", device_scale_factor=1.5)
    context.set_default_timeout(120_000)
    page = context.new_page()
    if person:
        page.goto("/login/")
        page.fill("#username", person)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
    return page


def keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.thumbnail((WIDEST, WIDEST))
    picture.save(SCREENS / f"{name}.webp", quality=QUALITY, method=6)
    print(name, flush=True)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["http://127.0.0.1:8000"]))
