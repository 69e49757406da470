"""WeCom (企业微信): the robot of a group chat."""

from aftersales.channels.robot import cut, post, text_of
from aftersales.record.notices import Notice

MOST_BYTES = 2048


class WeCom:
    """Configured with the webhook address the group chat shows when a robot is added."""

    name = "wecom"
    is_shared = True

    def __init__(self, webhook: str, base_url: str) -> None:
        self._webhook, self._base_url = webhook, base_url

    def send(self, notice: Notice, address: str) -> None:
        post(self._webhook, {"msgtype": "text", "text": {"content": cut(text_of(notice, self._base_url), MOST_BYTES)}})
