"""When an event handler or a page fails: the person is told, and the log gets no word of what was sent."""

import asyncio
import traceback

import structlog
from reflex_base.event.context import EventContext

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.services.languages import language_of
from integration_admin.states.shell import ShellState

_FAILED = msg("Something went wrong here. It has been noted; try again later.")
_OUT_OF_DATE = msg("This could not be done. Load the page again, and try once more.")
_LONGEST = 500
_telling: set[asyncio.Task[None]] = set()
"""Keeps what is being told from being collected half-way."""

log = structlog.get_logger(__name__)


def handler_failed(exception: Exception) -> None:
    """Note what an event handler raised, by kind and place; the words of an error may quote what was typed.

    A refusal of ours that no handler shows comes from events that no page sends in this order.
    """
    refused = isinstance(exception, IntegrationAdminError) and exception.status < 500
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(exception.__traceback__)]
    note = log.info if refused else log.error
    note("event.refused" if refused else "event.failed", error=type(exception).__name__, frames=frames[-5:])
    _tell((_OUT_OF_DATE if refused else _FAILED).translate(_language()))


def page_failed(exception: Exception) -> None:
    """Note what a browser says went wrong in its page; anybody may send that."""
    log.error("page.failed", words=str(exception)[:_LONGEST])


def _tell(sentence: str) -> None:
    """Show a sentence in the page, past the state: a handler that did it could fail for the same reason."""
    delta = {ShellState.get_full_name(): {"problem_rx_state_": sentence}}
    task = asyncio.get_running_loop().create_task(EventContext.get().emit_delta(delta))
    _telling.add(task)
    task.add_done_callback(_telling.discard)


def _language() -> str:
    headers = EventContext.get().router_data.get("headers", {})
    return language_of(headers.get("cookie", ""), headers.get("accept-language", ""))
