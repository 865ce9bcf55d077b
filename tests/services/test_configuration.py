"""Saving and pausing integrations: two of them never book the same claims in the same ledger."""

import pytest

from integration_admin.adapters.base import Connection
from integration_admin.core.errors import AdapterError, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState
from tests.services.conftest import Engine


async def test_a_second_integration_on_the_same_ledger_is_refused_and_the_first_is_named(
    engine: Engine,
) -> None:
    first = await engine.set_up()
    with pytest.raises(Conflict) as caught:
        await engine.set_up()
    assert str(caught.value.message) == (
        "“Regnskap” exports to Fake AS already, and two integrations would book every claim twice."
    )
    states = {view.id: view.state for view in await engine.configuration.everything(engine.actor)}
    assert states.pop(first) is IntegrationState.ACTIVE
    assert list(states.values()) == [IntegrationState.DRAFT]


async def test_a_second_integration_on_another_entity_of_the_same_system_is_saved(engine: Engine) -> None:
    await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Another AS")
    second = await engine.set_up()
    assert (await engine.configuration.get(engine.actor, second)).state is IntegrationState.ACTIVE


async def test_an_integration_is_renamed_although_it_shares_a_ledger_with_itself(engine: Engine) -> None:
    integration = await engine.set_up()
    view = await engine.configuration.get(engine.actor, integration)
    await engine.configuration.save(engine.actor, integration, view.version, "Xledger")
    assert (await engine.configuration.get(engine.actor, integration)).name == "Xledger"


async def test_a_paused_integration_goes_on_only_after_its_new_credentials_have_been_tested(
    engine: Engine,
) -> None:
    def down(_: object) -> Connection:
        raise AdapterError(msg("Down."), Fault.UPSTREAM)

    integration = await engine.set_up()
    await engine.configuration.set_paused(engine.actor, integration, paused=True)
    view = await engine.configuration.get(engine.actor, integration)
    await engine.credentials.store(engine.actor, integration, view.version, {"token": "a-new-token"})
    with pytest.raises(Conflict):
        await engine.configuration.set_paused(engine.actor, integration, paused=False)
    works, engine.adapter.connect = engine.adapter.connect, down
    assert not (await engine.credentials.test(engine.actor, integration)).passed
    with pytest.raises(Conflict):
        await engine.configuration.set_paused(engine.actor, integration, paused=False)
    engine.adapter.connect = works
    assert (await engine.credentials.test(engine.actor, integration)).passed
    await engine.configuration.set_paused(engine.actor, integration, paused=False)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE
