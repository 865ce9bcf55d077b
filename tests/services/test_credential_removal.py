"""Removing the secrets of an integration in use: nothing of them is left, and nothing is exported any more."""

import pytest

from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import IntegrationState
from integration_admin.services.health_monitor import Status
from tests.services.conftest import Engine
from tests.services.secret_watcher import SecretWatcher, audit, everything_in, rotate, view_of
from tests.services.secret_watcher import watched as watched  # noqa: PLC0414, a fixture
from tests.services.secret_watcher import watcher as watcher  # noqa: PLC0414, a fixture


async def test_removed_secrets_are_gone_and_the_export_says_so_until_there_are_new_ones(
    watched: Engine, watcher: SecretWatcher
) -> None:
    integration = await watched.set_up()
    async with watched.database.read(watched.actor.organisation_id) as unit:
        (row,) = await unit.integrations.credentials(integration)
    version = (await view_of(watched, integration)).version
    await watched.rotation.remove(watched.actor, integration, version)
    assert row.envelope not in await everything_in(watched.database)
    assert (await audit(watched))[0] == ("credentials.remove", {"fields": ["token"]})
    health = await watched.health.of(watched.actor, integration)
    assert (health.status, str(health.sentence)) == (
        Status.ERROR,
        (
            "Alice removed the stored secrets. Nothing is exported until new ones are entered and a connection"
            " test succeeds."
        ),
    )
    await watched.receive(1)
    with pytest.raises(Conflict) as caught:
        await watched.runs.start(watched.actor, integration)
    assert caught.value.message == health.sentence
    watched.clock.advance(86_400)
    await watched.scheduler.tick()
    await watched.work_off()
    assert watcher.sent_with == []

    assert (await rotate(watched, integration)).passed
    assert (await view_of(watched, integration)).state is IntegrationState.ACTIVE
    assert (await watched.sync(integration)).delivered == 1


async def test_removing_them_from_a_paused_one_does_not_let_it_go_on_by_itself_later(
    watched: Engine,
) -> None:
    integration = await watched.set_up()
    await watched.configuration.set_paused(watched.actor, integration, paused=True)
    version = (await view_of(watched, integration)).version
    await watched.rotation.remove(watched.actor, integration, version)
    with pytest.raises(Conflict):
        await watched.configuration.set_paused(watched.actor, integration, paused=False)
    assert (await rotate(watched, integration)).passed
    assert (await view_of(watched, integration)).state is IntegrationState.PAUSED


async def test_there_is_nothing_to_remove_twice(watched: Engine) -> None:
    integration = await watched.set_up()
    version = (await view_of(watched, integration)).version
    version = await watched.rotation.remove(watched.actor, integration, version)
    with pytest.raises(Conflict) as caught:
        await watched.rotation.remove(watched.actor, integration, version)
    assert str(caught.value.message) == "There are no stored secrets to remove."
