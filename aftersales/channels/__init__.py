"""The ways a notice leaves the house beside the inbox. Each is one small class, chosen by configuration."""

from collections.abc import Mapping
from typing import Any

from aftersales.channels.dingtalk import DingTalk
from aftersales.channels.mail import Email
from aftersales.channels.wecom import WeCom
from aftersales.record.notices import Channel


def configured(config: Mapping[str, Any]) -> dict[str, Channel]:
    """The channels whose address the configuration names, by their name."""
    base_url = config["BASE_URL"]
    channels: list[Channel] = []
    if config.get("SMTP_URL"):
        channels.append(Email(config["SMTP_URL"], base_url))
    if config.get("WECOM_WEBHOOK"):
        channels.append(WeCom(config["WECOM_WEBHOOK"], base_url))
    if config.get("DINGTALK_WEBHOOK"):
        channels.append(DingTalk(config["DINGTALK_WEBHOOK"], base_url, config.get("DINGTALK_SECRET", "")))
    return {channel.name: channel for channel in channels}


__all__ = ["DingTalk", "Email", "WeCom", "configured"]
