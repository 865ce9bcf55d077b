"""Filling in the credential form from a description, in a tab."""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from integration_admin.adapters.generic_rest import fields, openapi
from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.sandbox import rest
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.api_description import ApiDescriptions
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.credentials import CredentialState
from integration_admin.states.description import MOST_PASTED, DescriptionState
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]/credentials": [CredentialState.load, DescriptionState.load]}
WHOLE = json.loads((Path(rest.__file__).parent / "openapi.json").read_text())


class Describable(FakeAdapter):
    """Takes the settings of any REST interface, and reads descriptions of one."""

    credential_fields = fields.CREDENTIAL_FIELDS

    async def fetch_description(self, url: str) -> bytes:
        return json.dumps({**WHOLE, "servers": [{"url": url}]}).encode()

    def propose(self, description: bytes, *, address: str = "", operation: str = "") -> Any:
        return openapi.propose(description, address=address, operation=operation)


@asynccontextmanager
async def form_of(
    adapter: FakeAdapter, people: People, database: Database, new_engine: Any
) -> AsyncIterator[Tab]:
    """Open the credential form of a new integration."""
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(database, adapter, actor)
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        credentials=engine.credentials,
        descriptions=ApiDescriptions(AdapterRegistry({"xledger": adapter})),
    )
    container.install(cast("Any", services))
    integration = await engine.configuration.begin(actor, "xledger")
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(
            await people.session(people.alice), f"/settings/integrations/{integration}/credentials"
        )
        yield tab


def values(tab: Tab) -> dict[str, str]:
    return {row["name"]: row["value"] for row in tab[CredentialState.rows]}


async def test_a_pasted_description_fills_in_the_form_and_stores_nothing(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    async with form_of(Describable(), people, sqlite_database, new_engine) as tab:
        assert tab[CredentialState.describable]
        drawn = tab[CredentialState.times_read]
        await tab.send(DescriptionState.read, form={"description": json.dumps(WHOLE)})
        filled = values(tab)
        assert (filled["send_path"], filled["authentication"]) == ("/api/journals", "api_key")
        assert json.loads(filled["body"])["header"]["externalRef"] == "{reference}"
        assert tab[CredentialState.chosen]["details"] == "own"
        assert tab[CredentialState.times_read] > drawn
        assert "POST /api/journals" in tab[DescriptionState.found]
        assert "/entries/*/amount" in tab[DescriptionState.fields]
        assert len(tab[DescriptionState.notes]) == 2
        assert not tab[DescriptionState.reading]
        await tab.send(CredentialState.load)
        assert values(tab)["send_path"] == "/api/vouchers"


async def test_a_description_is_read_from_an_address_and_another_operation_chosen(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    async with form_of(Describable(), people, sqlite_database, new_engine) as tab:
        form = {"description_url": "https://api.example.org/v3"}
        await tab.send(DescriptionState.read, form=form)
        assert values(tab)["base_url"] == "https://api.example.org/v3"
        [(name, words)] = tab[DescriptionState.operations]
        assert (name, words) == ("POST /api/journals", "POST /api/journals Book a journal")
        await tab.send(DescriptionState.read, form=form | {"description_operation": "GET /made/up"})
        assert tab[DescriptionState.refusal] == ""


async def test_a_file_comes_before_what_else_is_in_the_form(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    packed = base64.b64encode(gzip.compress(json.dumps(WHOLE).encode())).decode()
    async with form_of(Describable(), people, sqlite_database, new_engine) as tab:
        form = {"description_file": packed, "description": "left from before"}
        await tab.send(DescriptionState.read, form=form)
        assert values(tab)["send_path"] == "/api/journals"
        assert tab[DescriptionState.errors] == []
        assert packed not in str(tab.received)


async def test_what_cannot_be_read_is_told_beside_its_field_and_changes_nothing(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    async with form_of(Describable(), people, sqlite_database, new_engine) as tab:
        before = values(tab)
        for form, field in (
            ({}, "description_url"),
            ({"description": "{}"}, "description"),
            ({"description": "x" * MOST_PASTED}, "description"),
            ({"description_file": "not packed"}, "description_file"),
        ):
            await tab.send(DescriptionState.read, form=form)
            assert [error["field"] for error in tab[DescriptionState.errors]] == [field]
            assert tab[DescriptionState.found] == ""
        assert values(tab) == before


async def test_a_type_without_descriptions_does_not_offer_the_step(
    people: People, sqlite_database: Database, new_engine: Any
) -> None:
    async with form_of(FakeAdapter(), people, sqlite_database, new_engine) as tab:
        assert not tab[CredentialState.describable]
