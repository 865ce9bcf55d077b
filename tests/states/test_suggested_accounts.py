"""An account is called a suggestion only while nobody has said anything about it: typed another, or saved it."""

import uuid

import pytest

from integration_admin.states.access import AccessMiddleware
from integration_admin.states.mapping import MappingState
from tests import canary
from tests.builders import make_line
from tests.services.conftest import Engine
from tests.states.installing import install
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/integrations/[id]/mapping": [MappingState.load]}
TRAVEL, OFFICE = "map:account:travel.public_transport", "map:account:kontor"


@pytest.fixture
def engine(alices_engine: Engine) -> Engine:
    install(mappings=alices_engine.mappings)
    return alices_engine


@pytest.fixture
async def page(engine: Engine) -> str:
    """The editor of an integration nobody has mapped yet, for claims of two kinds."""
    lines = [make_line(), make_line(2, category="kontor")]
    await engine.receive(1, lines=lines)
    integration: uuid.UUID = await engine.configuration.begin(engine.actor, "xledger")
    await engine.credentials.store(engine.actor, integration, 1, {"token": canary.secret("token")})
    return f"/settings/integrations/{integration}/mapping"


def suggested(tab: Tab) -> dict[str, bool]:
    return {line["name"]: line["suggested"] for line in tab[MappingState.categories]}


def named(tab: Tab) -> dict[str, str]:
    return {line["name"]: line["account"] for line in tab[MappingState.categories]}


async def test_a_code_somebody_types_is_not_called_a_suggestion(people: People, page: str) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page)
        assert suggested(tab) == {OFFICE: True, TRAVEL: True}
        assert named(tab) == {OFFICE: "6800 Kontor", TRAVEL: "7140 Reise"}
        await tab.send(MappingState.type_own, name=TRAVEL)
        assert named(tab)[TRAVEL] == "", "what was suggested is not what is saved"
        assert suggested(tab) == {OFFICE: True, TRAVEL: False}
        await tab.send(MappingState.refresh)
        assert suggested(tab) == {OFFICE: True, TRAVEL: False}, "what is typed stays, and is somebody's own"
        assert named(tab)[TRAVEL] == ""


async def test_a_suggestion_that_is_saved_is_somebodys_choice(people: People, page: str) -> None:
    form = {"from:credit_account": "constant", "value:credit_account": "2910", TRAVEL: "9999", OFFICE: "6800"}
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await people.session(people.alice), page)
        await tab.send(MappingState.save, form=form)
        assert not tab[MappingState.saved]
        assert suggested(tab)[OFFICE], "a warning about another field changes nothing here"
        await tab.send(MappingState.save, form=form | {"accept_warnings": "on"})
        assert tab[MappingState.saved]
        assert suggested(tab) == {OFFICE: False, TRAVEL: False}
        assert named(tab) == {OFFICE: "6800 Kontor", TRAVEL: ""}, "nobody knows what 9999 is"
        (credit,) = [line for line in tab[MappingState.targets] if line["name"] == "credit_account"]
        assert credit["account"].startswith("2910 ")
