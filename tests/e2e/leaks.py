"""Where a secret could have got to: what went over websockets, and the files of an instance."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Page, WebSocket


class Frames:
    """Everything that goes over a page's websockets."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        self.received: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.sent.append(_text(frame)))
        socket.on("framereceived", lambda frame: self.received.append(_text(frame)))


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode(errors="replace")


def places_of(secret: str, instance: Path) -> list[str]:
    """Return the instance's files that hold the secret in any usual disguise."""
    wanted = set(disguises(secret.encode()))
    return [
        file.name
        for file in instance.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in wanted)
    ]


def disguises(secret: bytes) -> Iterator[bytes]:
    """Yield the secret as it is, in hexadecimal, for an address, and in base64 at each of the three offsets."""
    yield secret
    yield binascii.hexlify(secret)
    yield binascii.hexlify(secret).upper()
    yield quote(secret, safe="").encode()
    for offset in range(3):
        # The first and last characters also depend on the neighbours, so they are left out.
        coded = base64.b64encode(b"\0" * offset + secret)[4 if offset else 0 : -4]
        yield coded
        yield coded.translate(bytes.maketrans(b"+/", b"-_"))
