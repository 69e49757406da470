"""E-mail over SMTP, to the address of the account."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from aftersales.record.notices import ChannelDown, ChannelError, Notice

TIMEOUT = 15
HERE = {"localhost", "127.0.0.1", "::1"}


class Email:
    """Configured as smtp://user:password@host:587?from=service@example.cn, or smtps:// where the server speaks TLS at once."""

    name = "email"
    is_shared = False

    def __init__(self, url: str, base_url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL must look like smtp://user:password@host:587?from=service@example.cn")
        self._host, self._is_tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._is_tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = parse_qs(parts.query).get("from", [self._user])[0]
        if "@" not in self._sender:
            raise ValueError("SMTP_URL must name the sender: ?from=service@example.cn")
        self._base_url = base_url

    def send(self, notice: Notice, address: str) -> None:
        message = self._message(notice, address)
        try:
            with self._connect() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise ChannelError(f"{address} was refused: {error.recipients}") from error
        except (smtplib.SMTPDataError, smtplib.SMTPNotSupportedError) as error:
            raise ChannelError(str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise ChannelDown(f"{self._host}:{self._port}: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            self._sign_in(server)
        except BaseException:
            server.close()
            raise
        return server

    def _sign_in(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        is_safe = self._is_tls or self._host in HERE
        if not self._is_tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            is_safe = True
        if self._user and not is_safe:
            raise smtplib.SMTPException("the server offers no encryption, so the password is not sent")
        if self._user:
            server.login(self._user, self._password)

    def _message(self, notice: Notice, address: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._sender, address
        subject, body = notice.words
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(notice.created_at)
        # The same at every attempt: a mail sent twice because the runner was killed after sending is recognised as one.
        message["Message-ID"] = f"<notice-{notice.id}-{notice.created_at:%Y%m%d%H%M%S}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if notice.is_urgent:
            message["X-Priority"], message["Importance"] = "1", "high"
        message.set_content(f"{body}\n\n{self._base_url}{notice.url}\n")
        return message
