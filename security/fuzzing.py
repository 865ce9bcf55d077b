"""The long form of what tests/states/test_handler_fuzz.py and tests/api/test_api_fuzz.py do."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.report import Figure, at_least, at_most
from integration_admin.bootstrap import Application
from integration_admin.core import logs
from integration_admin.core.settings import Settings
from integration_admin.data.migrations import upgrade
from security import api, handlers
from tests.foreign import Installation, install, running

_EACH = 60
_EXAMPLES = 50
_SHOWN = 20

_Done = TypeVar("_Done")


def handlers_called() -> list[Figure]:
    """Send hostile events to every handler: as an administrator, and as somebody who may only look."""
    found = [_handlers(role, seed) for seed, role in enumerate(("administrator", "viewer"))]
    failures = [failure for one in found for failure in one.failures]
    _show(failures)
    events = sum(one.events for one in found)
    return [
        at_least("handler_events", events, "events", 5_000),
        at_most("handler_failures", len(failures), "events", 0),
    ]


def api_called() -> list[Figure]:
    """Call every operation of the API as its description has it, and as it does not."""

    async def call(installation: Installation, application: Application) -> api.Answers:
        return await api.fuzz(application, installation.tokens["all"], examples=_EXAMPLES)

    answers = _on_an_installation(call)
    _show(answers.failures)
    return [
        at_least("api_calls", answers.statuses.total(), "calls", 1_000),
        at_most(
            "api_server_errors", sum(n for status, n in answers.statuses.items() if status >= 500), "calls", 0
        ),
        at_most("api_failures", len(answers.failures), "calls", 0),
    ]


def _handlers(role: str, seed: int) -> handlers.Findings:
    async def call(installation: Installation, application: Application) -> handlers.Findings:
        del application
        ids = [subject.ids["integration"] for subject in installation.subjects.values()]
        return await handlers.fuzz(installation.sessions[role], ids, each=_EACH, seed=seed)

    return _on_an_installation(call)


def _on_an_installation(call: Callable[[Installation, Application], Awaitable[_Done]]) -> _Done:
    """Do something on two organisations in a new database."""

    async def done(url: str, folder: Path) -> _Done:
        installation = await install(url, folder / "keys")
        async with running(installation, url) as application:
            return await call(installation, application)

    logs.configure(Settings(log_level="ERROR"))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/fuzz.sqlite3"
        upgrade(url)
        return asyncio.run(done(url, Path(folder)))


def _show(failures: Sequence[str]) -> None:
    sys.stderr.writelines(f"{failure}\n" for failure in failures[:_SHOWN])
