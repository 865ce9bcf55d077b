"""Where a secret could have got to: what went over websockets, and the files of an instance."""

from pathlib import Path

from playwright.async_api import Page, WebSocket

from tests import canary


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
    return canary.places_of(instance, [secret])
