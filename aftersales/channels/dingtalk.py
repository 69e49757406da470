"""DingTalk (钉钉): the robot of a group chat, signed when the group asks for it."""

import base64
import hashlib
import hmac
import time
from urllib.parse import urlencode

from aftersales.channels.robot import cut, post, text_of
from aftersales.record.notices import Notice

MOST_BYTES = 15000


class DingTalk:
    """Configured with the webhook address and, where the robot's security is 加签, its secret."""

    name = "dingtalk"
    is_shared = True

    def __init__(self, webhook: str, base_url: str, secret: str = "") -> None:
        self._webhook, self._base_url, self._secret = webhook, base_url, secret

    def send(self, notice: Notice, address: str) -> None:
        post(self._url(), {"msgtype": "text", "text": {"content": cut(text_of(notice, self._base_url), MOST_BYTES)}})

    def _url(self) -> str:
        if not self._secret:
            return self._webhook
        stamp = round(time.time() * 1000)  # the real time, whatever the program's clock is set to: DingTalk compares it with its own
        return f"{self._webhook}&{urlencode({'timestamp': stamp, 'sign': signature(stamp, self._secret)})}"


def signature(stamp: int, secret: str) -> str:
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
