"""What leaves the house: e-mail to each person, one message to a group chat, and what happens when nobody takes it."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from aftersales.channels import DingTalk, Email, WeCom, configured
from aftersales.channels.dingtalk import signature
from aftersales.channels.robot import cut
from aftersales.extensions import db
from aftersales.jobs.passes import addresses
from aftersales.labels import label
from aftersales.record.notices import ChannelDown, ChannelError, Delivery, Notice, deliver_due, tell
from aftersales.security.account import Account
from tests.jobs.conftest import PEOPLE, START, Company
from tests.jobs.fakes import ChatRobot, Mailbox, running

BASE = "http://127.0.0.1:8000"
PAGE = "/service_request/show/1"
NOTICE = Notice(id=7, user_id=1, key="k", subject="逾期：\n登记", body="应于…前登记。", url=PAGE, is_urgent=True, created_at=START)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with running(box):
        yield box


@pytest.fixture
def robot() -> Iterator[ChatRobot]:
    robot = ChatRobot()
    with running(robot):
        yield robot


def test_a_mail_says_it_in_chinese_with_a_link_and_the_same_id_at_every_attempt(mailbox: Mailbox) -> None:
    for _ in range(2):
        Email(mailbox.url, BASE).send(NOTICE, "intake@example.cn")
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert (first["To"], first["From"]) == ("intake@example.cn", "service@example.cn")
    assert (first["Subject"], first["X-Priority"]) == ("逾期： 登记", "1")
    assert BASE + PAGE in first.get_content()


def test_a_refused_address_is_an_error_of_that_mail_alone(mailbox: Mailbox) -> None:
    mailbox.refused.add("gone@example.cn")
    with pytest.raises(ChannelError) as caught:
        Email(mailbox.url, BASE).send(NOTICE, "gone@example.cn")
    assert not isinstance(caught.value, ChannelDown)


def test_a_mail_server_that_is_away_is_down() -> None:
    with pytest.raises(ChannelDown):
        Email("smtp://127.0.0.1:9?from=service@example.cn", BASE).send(NOTICE, "intake@example.cn")


def test_a_mail_configuration_without_sender_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="sender"):
        Email("smtp://mail.example.cn", BASE)


def test_a_wecom_group_gets_one_text_with_the_link(robot: ChatRobot) -> None:
    WeCom(robot.url, BASE).send(NOTICE, "")
    (path, message) = robot.messages[0]
    assert path == "/send?key=k"
    assert message["text"]["content"].endswith(BASE + PAGE)


def test_a_dingtalk_message_is_signed_with_the_groups_secret(robot: ChatRobot) -> None:
    DingTalk(robot.url, BASE, "SECabc").send(NOTICE, "")
    query = parse_qs(urlsplit(robot.messages[0][0]).query)
    assert query["sign"] == [signature(int(query["timestamp"][0]), "SECabc")]
    # Computed apart with openssl dgst -sha256 -hmac.
    assert signature(1700000000000, "SECabc") == "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM="


def test_a_robots_refusal_is_an_error_with_its_words(robot: ChatRobot) -> None:
    robot.answer = {"errcode": 93000, "errmsg": "invalid webhook url"}
    with pytest.raises(ChannelError, match="invalid webhook url"):
        WeCom(robot.url, BASE).send(NOTICE, "")


def test_an_error_never_tells_the_robots_secret_address() -> None:
    with pytest.raises(ChannelDown) as caught:
        WeCom("http://127.0.0.1:9/send?key=secret", BASE).send(NOTICE, "")
    assert "secret" not in str(caught.value)


def test_a_cut_text_ends_with_a_whole_character() -> None:
    assert cut("医疗器械", 7) == "医疗"


def test_the_configuration_names_the_channels(mailbox: Mailbox) -> None:
    nothing = {"BASE_URL": BASE, "SMTP_URL": "", "WECOM_WEBHOOK": ""}
    assert configured(nothing) == {}
    assert list(configured(nothing | {"SMTP_URL": mailbox.url, "DINGTALK_WEBHOOK": "http://x/?a=b"})) == ["email", "dingtalk"]


@pytest.fixture
def both(company: Company, mailbox: Mailbox, robot: ChatRobot) -> Iterator[Company]:
    channels = company.app.extensions["channels"]
    company.app.extensions["channels"] = configured({"BASE_URL": BASE, "SMTP_URL": mailbox.url, "WECOM_WEBHOOK": robot.url})
    yield company
    company.app.extensions["channels"] = channels


def tell_three(company: Company) -> None:
    with company.at(START):
        tell(db.session, [1, 2, 3], key="k", words=lambda: ("逾期", "…"), url="/x")
        db.session.commit()


def deliver(company: Company, minutes: int = 0) -> int:
    with company.at(START + timedelta(minutes=minutes)):
        return deliver_due(db.session, addresses())


def test_each_person_gets_a_mail_and_the_group_one_message(both: Company, mailbox: Mailbox, robot: ChatRobot) -> None:
    tell_three(both)
    tell_three(both)
    assert deliver(both) == 4
    assert deliver(both, 10) == 0
    assert sorted(mail["To"] for mail in mailbox.mails) == ["dispatcher@example.cn", "intake@example.cn", "manager@example.cn"]
    assert len(robot.messages) == 1


def test_a_mail_comes_in_the_language_of_its_reader_and_the_group_hears_chinese(both: Company, mailbox: Mailbox, robot: ChatRobot) -> None:
    with both.at(START):
        db.session.get_one(Account, 1).language = "en"
        tell(db.session, [1, 2], key="k", words=lambda: (label("role.engineer"), "…"), url="/x")
        db.session.commit()
    assert deliver(both) == 3
    subjects = {str(mail["To"]): str(mail["Subject"]) for mail in mailbox.mails}
    assert subjects == {f"{PEOPLE[0]}@example.cn": label("role.engineer", "en"), f"{PEOPLE[1]}@example.cn": label("role.engineer", "zh")}
    assert label("role.engineer", "zh") in str(robot.messages)


def test_a_channel_that_is_down_is_tried_once_a_pass_and_holds_up_no_other(both: Company, mailbox: Mailbox, robot: ChatRobot) -> None:
    channels = both.app.extensions["channels"]
    tell_three(both)
    working, channels["email"] = channels["email"], Email("smtp://127.0.0.1:9?from=service@example.cn", BASE)
    assert deliver(both) == 1
    with both.at(START):
        assert db.session.scalar(select(func.sum(Delivery.attempts)).where(Delivery.channel == "email")) == 1
    channels["email"] = working
    assert deliver(both, 5) == 3
    assert len(mailbox.mails) == 3


def test_a_delivery_killed_while_sending_is_sent_again_later(both: Company, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_three(both)

    def killed(self: Email, notice: Notice, address: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Email, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(both)
    deliver(both, 1)
    assert len(mailbox.mails) == 2
    deliver(both, 6)
    assert len(mailbox.mails) == 3


def test_a_channel_taken_out_of_the_configuration_stops_no_other(both: Company, mailbox: Mailbox) -> None:
    tell_three(both)
    del both.app.extensions["channels"]["wecom"]
    assert deliver(both) == 3
