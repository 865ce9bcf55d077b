"""The mail server notices are handed to. What is written in them is decided in services/notice_mail.py."""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from integration_admin.core.errors import NotDelivered
from integration_admin.core.messages import Message, msg
from integration_admin.core.settings import is_loopback

DEADLINE: Final = 20.0
"""Seconds for everything, from looking up the mail server's name to its last answer."""

_PORTS = {"smtp": 587, "smtps": 465}
_ADDRESS = re.compile(r"[^@\s<>(),:;\"\\\[\]\x80-\U0010ffff]+@[^@\s<>(),:;\"\\\[\]\x80-\U0010ffff]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")

_REFUSALS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Message], ...]] = (
    (
        aiosmtplib.SMTPAuthenticationError,
        msg("The mail server refuses the user name or the password in SMTP_URL."),
    ),
    (aiosmtplib.SMTPSenderRefused, msg("The mail server refuses the sender in MAIL_FROM.")),
    (
        (ssl.SSLError, aiosmtplib.SMTPNotSupported),
        msg("No secure connection to the mail server is possible. Check SMTP_URL."),
    ),
    (TimeoutError, msg("The mail server does not answer in time.")),
)
"""What to say of errors that need no reply code to be told apart; the operator can mend them all."""

NOT_SET_UP = msg("E-mail is not set up on this server. Its operator has to set SMTP_URL and MAIL_FROM.")


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail to one person, in both forms; `message_id` is the same at every try."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    message_id: str
    at: datetime


class MailSender(Protocol):
    """Whatever takes e-mails."""

    async def send(self, mail: Mail) -> None:
        """Hand over one e-mail; raises NotDelivered."""
        ...


class MailServer:
    """Hands e-mails to the operator's mail server, always encrypted unless it is this machine itself.

    `url` is `smtp://user:password@host:port` (STARTTLS, port 587) or `smtps://...` (TLS from the start, port
    465); `sender` is an address, with a name before it if wanted. Without either each try says so.
    """

    def __init__(
        self, url: str, sender: str, *, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE
    ) -> None:
        self._parts = urlsplit(url)
        self._sender = sender
        self._tls = tls
        self._deadline = deadline

    @property
    def is_set_up(self) -> bool:
        """Whether the operator has named a mail server and a sender."""
        return bool(self._parts.hostname and self._sender)

    async def send(self, mail: Mail) -> None:
        """Hand over one e-mail; raises NotDelivered, which is final where the server will never take it."""
        if not self.is_set_up:
            raise NotDelivered(NOT_SET_UP, final=True, internal="not set up")
        message = _message(mail, self._sender)
        refusal: NotDelivered | None = None
        # Raised outside the except block: what is caught there refers to frames that hold the password.
        try:
            async with asyncio.timeout(self._deadline):
                await self._hand_over(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            refusal = _refusal(error)
        if refusal is not None:
            raise refusal

    async def _hand_over(self, message: EmailMessage) -> None:
        client = self._client()
        try:
            await client.connect()
            await client.send_message(message)
            # It has been taken; a server that hangs up instead of saying goodbye changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await asyncio.wait_for(client.quit(), 1)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        parts = self._parts
        host, encrypted_at_once = parts.hostname or "", parts.scheme == "smtps"
        start_tls = not encrypted_at_once and not is_loopback(host)
        context = (self._tls or ssl.create_default_context()) if encrypted_at_once or start_tls else None
        return aiosmtplib.SMTP(
            hostname=host,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=encrypted_at_once,
            start_tls=start_tls,
            tls_context=context,
            # Looking up this machine's own full name can take as long as a name server likes.
            local_hostname=parseaddr(self._sender)[1].partition("@")[2] or "localhost",
            timeout=self._deadline,
        )


def one_line(text: str) -> str:
    """Return text as one line that can stand in a header: whatever breaks lines becomes a space."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _message(mail: Mail, sender: str) -> EmailMessage:
    """Build the message; the library itself refuses line breaks in headers, and none gets that far.

    Raises NotDelivered for what is no address, or one only newer mail servers know (RFC 6531).
    """
    message = EmailMessage(policy=SMTP_POLICY)
    name, address = parseaddr(sender)
    message["From"] = Address(display_name=one_line(name), addr_spec=address)
    message["To"] = _recipient(mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{address.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    # Set before, it would go to the first part alone.
    message["Content-Language"] = mail.language
    return message


def _recipient(address: str) -> Address:
    if _ADDRESS.fullmatch(address):
        with suppress(ValueError, MessageError):
            return Address(addr_spec=address)
    raise NotDelivered(msg("This is not an e-mail address."), final=True, internal="address")


def _refusal(error: Exception) -> NotDelivered:
    """Say in our own words why an e-mail was not taken; the server's words may hold addresses."""
    codes = _codes(error)
    internal = f"{type(error).__name__} {' '.join(map(str, codes))}".strip()
    for kinds, sentence in _REFUSALS:
        if isinstance(error, kinds):
            return NotDelivered(sentence, internal=internal)
    if codes:
        # Whoever is refused before saying what the mail is may be let in tomorrow: a server that is being mended.
        of_the_mail = not isinstance(error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPHeloError)
        final = of_the_mail and all(500 <= code < 600 for code in codes)
        return NotDelivered(_answered(codes[0], final=final), final=final, internal=internal)
    return NotDelivered(msg("The mail server cannot be reached."), internal=internal)


def _answered(code: int, *, final: bool) -> Message:
    if final:
        return msg("The mail server refuses this e-mail for good. It answers {code}.", code=code)
    return msg("The mail server does not take the e-mail now. It answers {code}.", code=code)


def _codes(error: Exception) -> list[int]:
    """Return the reply codes of a refusal (RFC 5321, section 4.2.1): 4xx for now, 5xx for good."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return [refused.code for refused in error.recipients]
    return [error.code] if isinstance(error, aiosmtplib.SMTPResponseException) else []
