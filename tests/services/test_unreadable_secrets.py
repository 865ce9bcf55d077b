"""Runs whose stored secrets cannot be opened: a missing key is the operator's to put back, another key's a person's to mend."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict
from integration_admin.core.statuses import IntegrationState, NoticeKind, Role, RunState
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.secrets import SecretStore
from integration_admin.data.vault import Vault
from integration_admin.services.credentials import CredentialService
from integration_admin.services.delivery_rules import RetryTimes
from integration_admin.services.health_monitor import Status
from integration_admin.services.sync_runner import SyncRunner
from tests.builders import make_member, save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.services.notice_office import opened_office, texts_of


def on_another_machine(engine: Engine, folder: Path, key_id: str) -> Engine:
    """Return the engine as it runs where the only key is another one."""
    create_key(folder, key_id)
    vault = Vault(Keyring.load(folder), key_id)
    adapters = engine.configuration._adapters
    credentials = CredentialService(engine.database, adapters, SecretStore(lambda: vault), engine.clock)
    runner = SyncRunner(
        engine.database, adapters, credentials, engine.locks, engine.clock, RetryTimes(lambda: 0.5)
    )
    return dataclasses.replace(engine, runner=runner)


async def test_a_missing_key_is_named_and_the_export_goes_on_where_it_is(
    engine: Engine, tmp_path: Path
) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    with capture_logs() as lines:
        run = await on_another_machine(engine, tmp_path / "elsewhere", "other").sync(integration)
    sentence = "The vault key test is missing. Put its file back in the keyring."
    assert (run.state, str(run.message)) == (RunState.FAILED, sentence)
    assert sentence in [line.get("reason") for line in lines]
    health = await engine.health.of(engine.actor, integration)
    assert (health.status, str(health.sentence)) == (Status.ERROR, sentence)
    assert (await engine.configuration.get(engine.actor, integration)).state is IntegrationState.ACTIVE

    assert (await engine.sync(integration)).state is RunState.SUCCEEDED
    assert sorted(voucher.record_id for voucher in engine.adapter.ledger) == ["EC-1", "EC-2"]


async def test_credentials_that_cannot_be_read_are_not_said_to_be_refused(
    sqlite_database: Database,
    new_engine: Callable[[Database, FakeAdapter, Actor], Engine],
    tmp_path: Path,
) -> None:
    alice = make_member("Alice", email="alice@example.org", language="en")
    organisation = await save_organisation(sqlite_database, alice, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, alice.id)
    sentence = "The stored credentials cannot be read any more. Enter them again."
    async with opened_office(new_engine(sqlite_database, FakeAdapter(), actor), exports=True) as office:
        engine, integration = office.engine, office.integration_id
        await engine.receive(1)
        await on_another_machine(engine, tmp_path / "elsewhere", "test").sync(integration)
        health = await engine.health.of(actor, integration)
        assert (health.status, str(health.sentence)) == (Status.ERROR, sentence)
        with pytest.raises(Conflict, match="Enter them again"):
            await engine.sync(integration)
        await office.pass_time()
        assert [line.kind for line in await office.log()] == [NoticeKind.STOPPED]
        (mail,) = office.inbox.mails
        assert sentence in texts_of(mail)["plain"]
