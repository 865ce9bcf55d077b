"""A handler that breaks tells its person so in one sentence, and the log where, but nothing of what was sent."""

from collections.abc import AsyncIterator

import pytest
import reflex as rx
from structlog.testing import capture_logs

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.states.access import AccessMiddleware, requires
from integration_admin.states.mishaps import handler_failed, page_failed
from integration_admin.states.shell import ShellState
from tests.states.people import People
from tests.states.tab import Tab, open_tab

TYPED = "what-somebody-typed"


class BrittleState(rx.State):
    @rx.event
    @requires(Permission.VIEW)
    async def break_down(self, words: str) -> None:
        raise ValueError(words)

    @rx.event
    @requires(Permission.VIEW)
    async def refuse(self) -> None:
        raise NotFound(msg("There is nothing at this address."))


@pytest.fixture
async def tab(people: People) -> AsyncIterator[Tab]:
    async with open_tab({"/": []}, AccessMiddleware(), on_error=handler_failed) as opened:
        await opened.connect(await people.session(people.alice))
        yield opened


async def test_what_breaks_is_said_and_noted_without_its_words(tab: Tab) -> None:
    with capture_logs() as logged:
        with pytest.raises(ValueError, match=TYPED):
            await tab.send(BrittleState.break_down, words=TYPED)
        await tab.until(lambda: tab[ShellState.problem])
    assert [(line["event"], line["log_level"], line["error"]) for line in logged] == [
        ("event.failed", "error", "ValueError")
    ]
    assert logged[0]["frames"]
    assert TYPED not in f"{logged} {tab[ShellState.problem]}"


async def test_a_refusal_nobody_shows_is_no_fault_of_the_program(tab: Tab) -> None:
    with capture_logs() as logged:
        with pytest.raises(NotFound):
            await tab.send(BrittleState.refuse)
        await tab.until(lambda: tab[ShellState.problem])
    assert [(line["event"], line["log_level"]) for line in logged] == [("event.refused", "info")]


async def test_arguments_of_another_kind_never_reach_the_handler(tab: Tab) -> None:
    with capture_logs() as logged:
        await tab.send(BrittleState.break_down, words=[TYPED])
        await tab.send(BrittleState.break_down, other=TYPED)
    assert [line["event"] for line in logged] == ["access.malformed", "access.malformed"]
    assert TYPED not in str(logged)


def test_what_a_browser_says_of_its_page_is_kept_short() -> None:
    with capture_logs() as logged:
        page_failed(Exception("x" * 10_000))
    assert [(line["event"], len(line["words"])) for line in logged] == [("page.failed", 500)]
