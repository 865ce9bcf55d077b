"""The credential form in a tab: nothing of one integration shows on another's page."""

import uuid
from types import SimpleNamespace
from typing import Any, cast

from integration_admin.adapters.base import Connection, Option
from integration_admin.core.actor import Actor
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.passwords import Passwords
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.credentials import CredentialState
from tests.services.conftest import Engine
from tests.services.entrance import factors_without_keys
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]/credentials": [CredentialState.load]}


def address(integration: uuid.UUID) -> str:
    return f"/settings/integrations/{integration}/credentials"


def install(engine: Engine) -> None:
    """Make the engine's services the ones the page asks."""
    factors = factors_without_keys(engine.database, engine.clock)
    again = Reauthentication(engine.database, Passwords(), engine.clock, factors)
    sign_in = container.current().sign_in
    services = SimpleNamespace(sign_in=sign_in, credentials=engine.credentials, reauthentication=again)
    container.install(cast("Any", services))


async def test_the_summary_of_errors_names_each_field(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    install(engine)
    integration = await engine.configuration.begin(actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address(integration))
        await tab.send(CredentialState.store_and_test, form={"address": "https://a\n.example"})
    rows = {row["name"]: row for row in tab[CredentialState.rows]}
    errors = tab[CredentialState.errors]
    assert [error["field"] for error in errors] == ["address", "token"]
    for error in errors:
        row = rows[error["field"]]
        assert error["message"] == f"{row['label']}: {row['error']}"


async def test_a_passed_test_does_not_show_on_another_integrations_page(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    install(engine)
    first, second = [await engine.configuration.begin(actor, "xledger") for _ in range(2)]
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        session: Secret = await people.session(people.alice)
        await tab.connect(session, address(first))
        await tab.send(
            CredentialState.store_and_test, form={"address": "https://a.example", "token": "typed-token"}
        )
        assert tab[CredentialState.passed]
        tab.address = address(second)
        await tab.send(CredentialState.load)
    assert tab[CredentialState.ready]
    assert tab[CredentialState.integration_id] == str(second)
    assert (tab[CredentialState.passed], tab[CredentialState.report]) == (False, "")


async def test_what_a_test_found_is_chosen_from_a_list_until_another_integration_is_opened(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    install(engine)
    first, second = [await engine.configuration.begin(actor, "xledger") for _ in range(2)]
    listed = (Option("https://a.example", "Company A"), Option("https://b.example", "Company B"))
    unfinished = {"address": msg("Choose a company.")}
    engine.adapter.connect = lambda _: Connection("", found={"address": listed}, undecided=unfinished)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), address(first))
        await tab.send(
            CredentialState.store_and_test, form={"address": "https://z.example", "token": "typed-token"}
        )
        assert (tab[CredentialState.passed], tab[CredentialState.undecided]) == (False, ["address"])
        assert tab[CredentialState.report]
        assert tab[CredentialState.rows][0]["error"]
        assert company(tab) == (True, [tuple(option) for option in listed])

        engine.adapter.connect = lambda _: Connection("Company B", found={"address": listed})
        await tab.send(
            CredentialState.store_and_test, form={"address": "https://b.example", "token": "typed-token"}
        )
        assert (tab[CredentialState.passed], tab[CredentialState.undecided]) == (True, [])
        assert tab[CredentialState.rows][0]["error"] == ""
        assert tab[CredentialState.rows][0]["value"] == "https://b.example"

        await tab.send(CredentialState.load)
        assert company(tab) == (True, [tuple(option) for option in listed])
        tab.address = address(second)
        await tab.send(CredentialState.load)
        assert company(tab) == (False, [])
        assert "typed-token" not in str(tab.received)


def company(tab: Tab) -> tuple[bool, list[tuple[str, str]]]:
    """Return whether the first field is chosen from what was found, and its options."""
    row = tab[CredentialState.rows][0]
    return row["listed"], [tuple(option) for option in row["options"]]
