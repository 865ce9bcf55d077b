"""Waiting until a page shows what the server has read for it, not what the tab showed before."""

import asyncio
import re

from playwright.async_api import Page, WebSocket

_IS_LOADED = re.compile(r"is_hydrated[^,}]*true")
"""What Reflex says in a websocket's frame once all that a page loads has been read."""


class Loads:
    """The loads of a tab's pages, from now on."""

    def __init__(self, page: Page) -> None:
        self._loaded = asyncio.Event()
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)

    def _hear(self, frame: str | bytes) -> None:
        if _IS_LOADED.search(str(frame)):
            self._loaded.set()

    async def next(self, seconds: float = 60.0) -> None:
        """Wait for the next load, one that has happened since the last was waited for included."""
        async with asyncio.timeout(seconds):
            await self._loaded.wait()
        self._loaded.clear()
