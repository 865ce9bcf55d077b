"""The credential form in a tab: nothing of one integration shows on another's page."""

import uuid
from types import SimpleNamespace
from typing import Any, cast

from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.credentials import CredentialState
from tests.services.conftest import new_engine as new_engine  # noqa: PLC0414, a fixture of another folder
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]/credentials": [CredentialState.load]}


def address(integration: uuid.UUID) -> str:
    return f"/settings/integrations/{integration}/credentials"


async def test_the_summary_of_errors_names_each_field(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(), actor)
    services = SimpleNamespace(sign_in=container.current().sign_in, credentials=engine.credentials)
    container.install(cast("Any", services))
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
    services = SimpleNamespace(sign_in=container.current().sign_in, credentials=engine.credentials)
    container.install(cast("Any", services))
    first, second = [await engine.configuration.begin(actor, "xledger") for _ in range(2)]
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        session: Secret = await people.session(people.alice)
        await tab.connect(session, address(first))
        await tab.send(CredentialState.store_and_test, form={"address": "https://a.example", "token": "abc"})
        assert tab[CredentialState.passed]
        tab.address = address(second)
        await tab.send(CredentialState.load)
    assert tab[CredentialState.ready]
    assert tab[CredentialState.integration_id] == str(second)
    assert (tab[CredentialState.passed], tab[CredentialState.report]) == (False, "")
