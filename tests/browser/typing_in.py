"""Typing into forms so that a busy machine cannot spoil a test."""

from collections.abc import Mapping

from playwright.sync_api import Locator, Page


def write(place: Page | Locator, texts: Mapping[str, str]) -> None:
    """Fill the fields named, until each holds its text: under load Chromium may put one into the field that had the caret before."""
    fields = {name: place.locator(f"[name='{name}']") for name in texts}
    for _attempt in range(5):
        wrong = [name for name, text in texts.items() if fields[name].input_value() != text]
        if not wrong:
            return
        for name in wrong:
            fields[name].fill(texts[name])
    raise AssertionError({name: field.input_value() for name, field in fields.items()})
