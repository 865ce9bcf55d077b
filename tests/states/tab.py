"""A browser tab without a browser: it sends events through Reflex's own processor and keeps what it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import State, StateUpdate
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import json_dumps

from integration_admin.core.secret import Secret
from integration_admin.services.tokens import fingerprint


class Tab:
    """One tab, with its place in the server's memory; signing in or out means connecting anew."""

    def __init__(self, processor: BaseStateEventProcessor) -> None:
        self._processor = processor
        self._token = "tab"
        self._headers: dict[str, str] = {}
        self.address = "/"
        self.received: dict[str, dict[str, Any]] = {}
        self.received_bytes = 0
        self.redirects: list[str] = []
        self.written: list[dict[str, Any]] = []
        """What was written into fields past every var."""
        self.downloads: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def __getitem__(self, var: Any) -> Any:
        """Return what the tab last received of a var, written as pages write it: `State.name`."""
        about = var._get_all_var_data()
        return self.received[about.state][about.field_name]

    async def until(self, shows: Callable[[], Any], seconds: float = 20.0) -> None:
        """Wait until the tab has received what `shows` asks for. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (self.received and shows()):
                self._changed.clear()
                await self._changed.wait()

    async def connect(self, session: Secret | None, address: str = "/") -> None:
        """Open the websocket, with or without a cookie, as a full page load does."""
        self._headers = {"authorization": f"Session {fingerprint(session)}"} if session else {}
        self.address = address
        await self.send(State.hydrate_and_load, hashes=[])

    async def reconnect(self) -> None:
        """Open the websocket of the same page again, as the page does when the connection was lost."""
        await self.send(State.hydrate_and_load)

    async def send(self, handler: Any, **payload: Any) -> None:
        """Send an event and wait until everything it led to is done."""
        name = handler if isinstance(handler, str) else Event.from_event_type([handler])[0].name
        router_data = {"headers": dict(self._headers), "pathname": self.address, "asPath": self.address}
        event = Event(name=name, payload=payload, router_data=router_data)
        await (await self._processor.enqueue(self._token, event)).wait_all()

    async def send_without_connection(self, handler: Any, **payload: Any) -> None:
        """Send an event as an upload does: with nothing but the tab's token."""
        name = Event.from_event_type([handler])[0].name
        await (await self._processor.enqueue(self._token, Event(name=name, payload=payload))).wait_all()

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        """Take what the server sends, as Reflex's frontend does."""
        assert token == self._token
        for state, changes in update.delta.items():
            known = self.received.setdefault(state, {})
            known.update({name.removesuffix("_rx_state_"): value for name, value in changes.items()})
        self._changed.set()
        self.received_bytes += len(json_dumps(update.delta))
        self.downloads += [
            (event.payload["url"], event.payload["filename"])
            for event in update.events
            if event.name == "_download"
        ]
        self.written += [event.payload for event in update.events if event.name == "_set_value"]
        self.redirects += [event.payload["path"] for event in update.events if event.name == "_redirect"]


@asynccontextmanager
async def open_tab(
    pages: Mapping[str, list[Any]], middleware: Any, on_error: Callable[[Exception], None] | None = None
) -> AsyncIterator[Tab]:
    """Run an app of `pages` (address -> on_load handlers) guarded by `middleware`, and open a tab in it."""
    registered = RegistrationContext.ensure_context().fork()
    attached = RegistrationContext.set(registered)
    try:
        app = rx.App()
        app.add_middleware(middleware)
        for address, handlers in pages.items():
            app.add_page(rx.fragment(), route=address, on_load=handlers)
        processor = BaseStateEventProcessor(middleware=app, backend_exception_handler=on_error or _never)
        tab = Tab(processor)
        async with processor.configure(state_manager=StateManagerMemory(), event_namespace=tab):  # type: ignore[arg-type]  # only emit_update is called
            yield tab
    finally:
        RegistrationContext.reset(attached)


def _never(error: Exception) -> None:
    raise error
