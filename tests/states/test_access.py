"""Every event is checked before its handler runs, and a tab's state belongs to one person."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import reflex as rx
from reflex.state import FrontendEventExceptionState, OnLoadInternalState, State
from sqlalchemy import event

from integration_admin.core.errors import SignInRequired
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.tokens import fingerprint
from integration_admin.states.access import AccessMiddleware, requires
from integration_admin.states.language import LanguageState
from integration_admin.states.reader import current_reader
from integration_admin.states.session import SessionState, SignInState
from integration_admin.states.shell import ShellState
from tests.builders import make_member
from tests.fakes import FakeClock
from tests.states.people import People
from tests.states.tab import Tab, open_tab

RAN: list[tuple[str, str]] = []
"""Which handlers ran, and for whom."""
MEANWHILE: list[Callable[[], Awaitable[None]]] = []
"""What happens between the two questions of a handler that asks twice."""


class RowsState(rx.State):
    rows: list[str] = []  # noqa: RUF012  # Reflex copies defaults
    evil: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load_rows(self) -> None:
        actor = (await current_reader()).actor
        RAN.append(("load_rows", actor.name))
        self.rows = [f"{actor.name}'s row"]

    @rx.event
    @requires(Permission.CONFIGURE)
    async def configure(self) -> None:
        RAN.append(("configure", (await current_reader()).actor.name))

    @rx.event
    @requires(Permission.RUN)
    async def chain(self) -> Any:
        RAN.append(("chain", (await current_reader()).actor.name))
        return RowsState.configure

    @rx.event
    @requires(Permission.VIEW)
    async def ask_twice(self) -> None:
        RAN.append(("first", (await current_reader()).actor.name))
        await MEANWHILE.pop()()
        try:
            RAN.append(("again", (await current_reader()).actor.name))
        except SignInRequired:
            RAN.append(("again", "nobody"))

    @rx.event(background=True)
    @requires(Permission.RUN)
    async def in_the_background(self) -> None:
        RAN.append(("in_the_background", (await current_reader()).actor.name))

    @rx.event
    async def unmarked(self) -> None:
        RAN.append(("unmarked", ""))

    def set_evil(self, value: str) -> None:
        RAN.append(("set_evil", value))

    def plain_method(self) -> None:
        RAN.append(("plain_method", ""))


@pytest.fixture
async def tab(people: People) -> AsyncIterator[Tab]:
    del people
    RAN.clear()
    pages = {
        "/rows": [SessionState.load, RowsState.load_rows],
        "/sign-in": [SignInState.load],
    }
    async with open_tab(pages, AccessMiddleware()) as opened:
        yield opened


async def test_a_page_is_loaded_for_whoever_is_signed_in(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    assert tab[RowsState.rows] == ["Alice's row"]
    assert (tab[ShellState.person], tab[ShellState.organisation]) == ("Alice", "Prøveforbundet")
    assert (tab[SessionState.role], tab[SessionState.can_configure], tab[LanguageState.language]) == (
        "administrator",
        True,
        "nn",
    )


async def test_nobody_signed_in_is_led_to_sign_in_and_back(tab: Tab) -> None:
    await tab.connect(None, "/rows?page=2")
    assert RAN == []
    assert tab.redirects[0] == "/sign-in?next=%2Frows%3Fpage%3D2"
    assert tab[RowsState.rows] == []


@pytest.mark.parametrize("authorization", ["Session ", "Session nonsense", "Bearer x", "nonsense"])
async def test_a_header_that_names_no_session_is_nobody(tab: Tab, authorization: str) -> None:
    tab._headers = {"authorization": authorization}
    await tab.send(RowsState.load_rows)
    assert RAN == []


async def test_ones_own_rows_are_sent_again_after_a_reconnect(tab: Tab, people: People) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    tab.received.clear()
    await tab.connect(session, "/sign-in")
    assert tab[RowsState.rows] == ["Alice's row"]


async def test_a_page_whose_connection_was_lost_is_sent_what_it_has_and_not_read_anew(
    tab: Tab, people: People
) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    tab.received.clear()
    RAN.clear()
    await tab.reconnect()
    assert RAN == []
    assert tab[RowsState.rows] == ["Alice's row"]
    assert tab.received["reflex___state____state"]["is_hydrated"]
    tab.address = "/rows?page=2"
    await tab.reconnect()
    assert RAN == [("load_rows", "Alice")], "somebody has gone on meanwhile"
    await tab.connect(session, "/rows?page=2")
    assert RAN == [("load_rows", "Alice")] * 2, "a page that is loaded again is read again"


async def test_a_page_left_at_one_of_its_places_is_the_same_page_after_a_reconnect(
    tab: Tab, people: People
) -> None:
    await tab.connect(await people.session(people.alice), "/rows?page=2")
    RAN.clear()
    tab.address = "/rows?page=2#main"
    await tab.reconnect()
    assert RAN == []
    await tab.connect(await people.session(people.alice), "/rows#main")
    RAN.clear()
    tab.address = "/rows"
    await tab.reconnect()
    assert RAN == []


async def test_a_session_that_ended_while_the_connection_was_lost_leaves_nothing(
    tab: Tab, people: People
) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    await container.current().sign_in.sign_out(session)
    await tab.reconnect()
    assert tab[RowsState.rows] == []
    assert tab.redirects[-1].startswith("/sign-in")


@pytest.mark.parametrize("who", ["nobody", "bob"])
async def test_rows_are_gone_when_somebody_else_connects_in_the_same_tab(
    tab: Tab, people: People, who: str
) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    tab.received.clear()
    await tab.connect(await people.session(people.bob) if who == "bob" else None, "/sign-in")
    assert tab[RowsState.rows] == []
    assert tab[ShellState.person] == ""


async def test_a_new_session_of_the_same_person_starts_empty(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    await tab.connect(await people.session(people.alice), "/sign-in")
    assert tab[RowsState.rows] == []


async def test_a_session_ended_elsewhere_empties_the_open_page_at_its_next_event(
    tab: Tab, people: People
) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    RAN.clear()
    await container.current().sign_in.sign_out(session)
    await tab.send(RowsState.load_rows)
    assert RAN == []
    assert tab[RowsState.rows] == []
    assert tab.redirects == ["/sign-in?next=%2Frows"]


async def test_the_sign_in_page_itself_loads_after_a_session_has_ended(tab: Tab, people: People) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    await container.current().sign_in.sign_out(session)
    await tab.send(OnLoadInternalState.on_load_internal)
    tab.redirects.clear()
    tab.address = "/sign-in?failed=1&wait=61&next=/rows"
    await tab.send(OnLoadInternalState.on_load_internal)
    assert tab.redirects == []
    assert (tab[SignInState.failed], tab[SignInState.wait_minutes], tab[SignInState.next_path]) == (
        True,
        2,
        "/rows",
    )
    assert tab[State.is_hydrated] is True


@pytest.mark.parametrize(("handler", "questions"), [("load_rows", 1), ("chain", 2), ("in_the_background", 2)])
async def test_an_event_asks_once_whose_it_is_and_what_begins_later_asks_anew(
    tab: Tab, people: People, handler: str, questions: int
) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    RAN.clear()
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(people.database.engine.sync_engine, "before_cursor_execute", note)
    await tab.send(f"{RowsState.get_full_name()}.{handler}")
    assert {name for _, name in RAN} == {"Alice"}
    assert len([statement for statement in asked if "FROM sessions" in statement]) == questions == len(asked)


async def test_a_handler_that_asks_again_is_told_how_it_is_by_then(tab: Tab, people: People) -> None:
    session = await people.session(people.alice)
    await tab.connect(session, "/rows")
    RAN.clear()
    MEANWHILE.append(lambda: container.current().sign_in.sign_out(session))
    await tab.send(RowsState.ask_twice)
    assert RAN == [("first", "Alice"), ("again", "nobody")]


async def test_a_session_that_is_too_old_runs_nothing(tab: Tab, people: People, clock: FakeClock) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    RAN.clear()
    clock.advance(timedelta(hours=8))
    await tab.send(RowsState.configure)
    assert RAN == []


async def test_a_role_taken_away_counts_at_once(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    await people.demote(people.alice)
    RAN.clear()
    await tab.send(RowsState.configure)
    await tab.send(RowsState.configure)
    assert ("configure", "Alice") not in RAN
    # The page is loaded again, as the new role may see it.
    assert RAN == [("load_rows", "Alice")]
    assert tab[SessionState.can_configure] is False


async def test_what_a_role_does_not_allow_is_refused_in_words_and_audited(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.bob), "/rows")
    RAN.clear()
    await tab.send(RowsState.configure)
    assert RAN == []
    assert tab[ShellState.problem]
    async with people.database.read(people.bob.organisation_id) as unit:
        (event, *_) = await unit.audit.latest()
    assert (event.actor, event.action, event.target) == ("Bob", "access.denied", "RowsState.configure")


async def test_a_handler_that_a_permitted_one_calls_is_checked_too(tab: Tab, people: People) -> None:
    coordinator = make_member("Carol")
    async with people.database.write(people.alice.organisation_id) as unit:
        await unit.organisations.add_member(coordinator)
    await tab.connect(await people.session(coordinator), "/rows")
    RAN.clear()
    await tab.send(RowsState.chain)
    assert RAN == [("chain", "Carol")]


async def test_a_background_handler_is_checked_and_knows_its_actor(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.bob), "/rows")
    RAN.clear()
    await tab.send(RowsState.in_the_background)
    assert RAN == []
    await tab.connect(await people.session(people.alice), "/sign-in")
    await tab.send(RowsState.in_the_background)
    assert RAN == [("in_the_background", "Alice")]


@pytest.mark.parametrize("handler", ["unmarked", "plain_method", "set_evil"])
async def test_a_handler_that_demands_nothing_never_runs(tab: Tab, people: People, handler: str) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    RAN.clear()
    await tab.send(
        f"{RowsState.get_full_name()}.{handler}", **({"value": "x"} if handler == "set_evil" else {})
    )
    assert RAN == []


@pytest.mark.parametrize("state", [RowsState, SessionState, State])
async def test_setvar_is_denied_to_everybody(tab: Tab, people: People, state: type[rx.State]) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    RAN.clear()
    await tab.send(f"{state.get_full_name()}.setvar", var_name="evil", value="x")
    assert RAN == []


async def test_an_event_without_a_connection_is_nobodys(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), "/rows")
    RAN.clear()
    await tab.send_without_connection(RowsState.configure)
    assert RAN == []


async def test_a_fresh_state_does_not_send_a_signed_in_person_away(tab: Tab, people: People) -> None:
    # An hour without events and Reflex has forgotten the tab, while the session is still valid.
    session = await people.session(people.alice)
    tab._headers = {"authorization": f"Session {fingerprint(session)}"}
    await tab.send(RowsState.configure)
    assert RAN == [("configure", "Alice")]
    assert tab.redirects == []


async def test_reflexs_own_events_pass_for_everybody(tab: Tab) -> None:
    await tab.send(State.set_is_hydrated, value=True)
    await tab.send(FrontendEventExceptionState.handle_frontend_exception, info="x", component_stack="y")
    assert tab.redirects == []
    assert tab[State.is_hydrated] is True


async def test_outside_an_event_of_somebody_signed_in_there_is_no_reader(tab: Tab) -> None:
    del tab
    with pytest.raises(SignInRequired):
        await current_reader()


async def test_somebody_signed_in_does_not_need_the_sign_in_page(tab: Tab, people: People) -> None:
    await tab.connect(await people.session(people.alice), "/sign-in")
    assert tab.redirects == ["/settings/integrations"]
