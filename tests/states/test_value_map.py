"""A file fills the form in whole or not at all, and a chart of 20,000 accounts is searched where it is stored."""

import base64
import gzip
import uuid
from typing import Any

import pytest

from integration_admin.core.reference import ReferenceItem
from integration_admin.services.value_map_csv import ValueMapFiles
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.mapping import MappingState
from integration_admin.states.value_map import ValueMapState
from tests.services.conftest import Engine
from tests.services.fake_adapter import ACCOUNTS
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]/mapping": [MappingState.load, ValueMapState.load]}
MANY = 20_000


@pytest.fixture
def engine(alices_engine: Engine) -> Engine:
    install(
        mappings=alices_engine.mappings,
        value_maps=ValueMapFiles(alices_engine.mappings),
    )
    return alices_engine


def packed(text: str) -> dict[str, str]:
    return {"value_map_file": base64.b64encode(gzip.compress(text.encode())).decode()}


def codes(tab: Tab) -> dict[str, str]:
    return {line["name"]: line["code"] for line in tab[MappingState.categories]}


def page_of(integration: uuid.UUID) -> str:
    return f"/settings/integrations/{integration}/mapping"


async def test_a_file_fills_in_the_form_and_saves_nothing(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        await tab.send(
            ValueMapState.read, form=packed("Category;Account\ntravel.public_transport;6800\nhotel;7140")
        )
        assert codes(tab) == {"map:account:travel.public_transport": "6800", "map:account:hotel": "7140"}
        assert [line["drawn"] for line in tab[MappingState.categories]] == [1, 1]
        assert len(tab[ValueMapState.told]) == 1
        stored = (await engine.mappings.editor(engine.actor, integration)).mapping["account"].values
        assert stored == {"travel.public_transport": "7140"}
        await tab.send(MappingState.refresh)
        assert codes(tab) == {"map:account:travel.public_transport": "6800", "map:account:hotel": "7140"}


async def test_one_account_is_filled_in_for_every_category_that_is_ticked(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        await tab.send(ValueMapState.read, form=packed("Category;Account\nhotel;7140\nmeals;7350"))
        before = codes(tab)
        ticked = {
            "bulk:map:account:hotel": True,
            "bulk:map:account:meals": True,
            "bulk:map:account:gone": True,
        }
        await tab.send(ValueMapState.assign, form={**ticked, "bulk_account": " 6800 "})
        assert codes(tab) == before | {"map:account:hotel": "6800", "map:account:meals": "6800"}
        assert len(tab[ValueMapState.told]) == 1
        await tab.send(ValueMapState.assign, form={"bulk:map:account:hotel": False})
        assert [error["field"] for error in tab[ValueMapState.errors]] == ["bulk_account", "bulk_categories"]
        assert tab[ValueMapState.told] == []
        stored = (await engine.mappings.editor(engine.actor, integration)).mapping["account"].values
        assert stored == {"travel.public_transport": "7140"}


async def test_what_came_from_a_file_is_judged_when_it_is_saved(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        await tab.send(ValueMapState.read, form=packed("Konto,Kategori\n9999,travel.public_transport"))
        form = {"from:credit_account": "constant", "value:credit_account": "2910"} | codes(tab)
        await tab.send(MappingState.save, form=form)
        assert not tab[MappingState.saved]
        assert any("9999" in sentence for sentence in tab[MappingState.warnings])


async def test_a_file_with_a_fault_changes_nothing_at_all(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    wrong = "".join(f";{number}\n" for number in range(25))
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        before = tab[MappingState.categories]
        await tab.send(
            ValueMapState.read, form=packed(f"Category;Account\ntravel.public_transport;6800\n{wrong}")
        )
        assert tab[MappingState.categories] == before
        assert len(tab[ValueMapState.faults]) == 20
        assert "5" in tab[ValueMapState.more]
        await tab.send(ValueMapState.read, form={})
        assert [error["field"] for error in tab[ValueMapState.errors]] == ["value_map_file"]
        assert tab[ValueMapState.faults] == []


async def test_the_file_is_handed_out_without_any_route(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        await tab.send(ValueMapState.download)
        ((url, name),) = tab.downloads
    assert name.endswith(".csv")
    whole = base64.b64decode(url.removeprefix("data:text/csv;base64,"))
    assert b"travel.public_transport;7140;Reise" in whole


async def test_who_may_only_look_neither_reads_in_nor_searches(people: People, engine: Engine) -> None:
    integration = await engine.set_up()
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.bob), page_of(integration))
        await tab.send(ValueMapState.read, form=packed("Category;Account\nmeals;6800"))
        await tab.send(MappingState.search, list_name="accounts", words="")
        assert tab[MappingState.categories] == []
        assert tab[MappingState.offered] == []


async def test_a_chart_of_twenty_thousand_accounts_is_searched_in_small_events(
    people: People, engine: Engine
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    many = [ReferenceItem(f"m{n}", f"{n:06}", f"Konto for avdeling {n}") for n in range(MANY)]
    closed = ReferenceItem("c", "000000x", "Stengt", open=False)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.mappings.replace_reference(integration, {"accounts": [*many, closed, *ACCOUNTS]})
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page_of(integration))
        assert tab.received_bytes < 40_000
        for words in ("", "0150", "avdeling 19999", "reise", "ingenting", "AVDELING"):
            tab.received_bytes = 0
            await tab.send(MappingState.search, list_name="accounts", words=words)
            assert tab.received_bytes < 3_000
            assert len(tab[MappingState.offered]) <= 20
        await tab.send(MappingState.search, list_name="accounts", words="avdeling 19999")
        assert tab[MappingState.offered] == [("019999", "Konto for avdeling 19999")]
        await tab.send(MappingState.search, list_name="accounts", words="000000x")
        assert tab[MappingState.offered] == []


@pytest.mark.parametrize(("list_name", "words"), [({"a": 1}, ["b"]), ("x" * 9_999, "y" * 9_999), ("%", "%_")])
async def test_events_without_an_open_mapping_and_with_anything_in_them_do_no_harm(
    people: People, engine: Engine, list_name: Any, words: Any
) -> None:
    integration = await engine.set_up()
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice))
        for handler, sent in (
            (MappingState.search, {"list_name": list_name, "words": words}),
            (MappingState.restore, {"number": 1, "accept": True}),
            (ValueMapState.read, {"form": {"value_map_file": words}}),
            (ValueMapState.download, {}),
        ):
            await tab.send(handler, **sent)
        assert tab.downloads == []
        await tab.connect(await people.session(people.alice), page_of(integration))
        await tab.send(MappingState.search, list_name=list_name, words=words)
        assert tab[MappingState.offered] == []
