"""A real mail server on loopback that keeps what it is handed, or refuses, or says nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP


class Inbox:
    """Keeps e-mails; `answer` is given after each of them, `to_recipients` before."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.senders: list[str] = []
        self.answer = "250 OK"
        self.to_recipients = "250 OK"
        self.tries = 0
        self.port = 0
        self.arrived = asyncio.Event()

    async def handle_RCPT(  # noqa: N802, the name aiosmtpd calls
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        self.tries += 1
        envelope.rcpt_tos.append(address)
        return self.to_recipients

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802, the name aiosmtpd calls
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.senders.append(envelope.mail_from)
            self.arrived.set()
        return self.answer

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@asynccontextmanager
async def running_mail_server(**options: Any) -> AsyncIterator[Inbox]:
    """Run a mail server on a free port until the block ends."""
    inbox, loop = Inbox(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, hostname="mail.example.org", loop=loop, **options), "127.0.0.1", 0
    )
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()


@asynccontextmanager
async def running_refusal(*answers: str) -> AsyncIterator[int]:
    """Say the first of `answers` to the one who connects on a free port, and the next to each command; yield the port."""
    ended = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(f"{answer}\r\n".encode())
            await reader.readline()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
        await ended.wait()
    finally:
        server.close()


@asynccontextmanager
async def running_silence() -> AsyncIterator[int]:
    """Take connections on a free port and never say a word; yield the port."""
    ended = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
