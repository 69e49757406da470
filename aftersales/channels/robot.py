"""What the group robots share: a message posted as JSON to the address the chat gave out."""

from typing import Any

import requests

from aftersales.record.notices import ChannelDown, ChannelError, Notice

TIMEOUT = 10


def post(url: str, message: dict[str, Any]) -> None:
    """Post it. ChannelDown when nobody answers, ChannelError when the answer is a refusal (errcode is 0 on success)."""
    try:
        response = requests.post(url, json=message, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        # Not the error's own words: they hold the address, and with it the robot's secret.
        raise ChannelDown(f"the robot cannot be reached ({type(error).__name__})") from error
    if response.status_code != 200:
        raise ChannelDown(f"the robot answered with status {response.status_code}")
    try:
        answer = response.json()
    except requests.JSONDecodeError as error:
        raise ChannelDown("the robot's answer is not JSON") from error
    if answer.get("errcode") != 0:
        raise ChannelError(f"the robot refused: {answer.get('errcode')} {answer.get('errmsg', '')}")


def text_of(notice: Notice, base_url: str) -> str:
    return "\n".join((*notice.words, f"{base_url}{notice.url}"))


def cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, without half a character at the end."""
    return text.encode()[:size].decode(errors="ignore")
