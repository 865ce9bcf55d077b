"""A month compared with each accounting system as it is simulated, over real sockets: what differs there is found."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import DeliveryState, Finding, IntegrationState, Role
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.repositories.deliveries import Intent, NewDelivery, Settlement
from integration_admin.data.secrets import SecretStore
from integration_admin.data.vault import Vault
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.configuration import Configuration
from integration_admin.services.credentials import CredentialService
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.reconciliation_work import ReconciliationWork
from integration_admin.services.type_registry import TypeRegistry
from tests.adapters.running import Running, started
from tests.adapters.systems import SYSTEMS
from tests.adapters.test_holdings import BOOKS_TWICE
from tests.builders import make_claim, save_organisation, save_records, save_run
from tests.fakes import START, FakeClock


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.kind)
async def far_side(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with started(request.param) as running:
        yield running


async def test_what_differs_in_each_accounting_system_is_found(
    far_side: Running, sqlite_database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    database, system = sqlite_database, far_side.system
    actor = Actor((await save_organisation(database, features=[system.kind])).id, "Alice", Role.ADMINISTRATOR)
    create_key(tmp_path / "keys", "test")
    vault = Vault(Keyring.load(tmp_path / "keys"), "test")
    adapters = AdapterRegistry({system.kind: far_side.adapter})
    credentials = CredentialService(database, adapters, SecretStore(lambda: vault), clock)
    configuration = Configuration(database, adapters, TypeRegistry(database, adapters), clock)
    integration = await configuration.begin(actor, system.kind)
    said = system.describe(far_side.url, 1)
    typed = system.settings(far_side.url, said) | system.secrets(said)
    await credentials.store(actor, integration, 1, typed)
    run = await save_run(database, actor.organisation_id, integration, finished_at=START)
    records = await save_records(
        database, actor.organisation_id, *(make_claim(id=f"EC-{n}") for n in range(1, 6))
    )
    async with database.write(actor.organisation_id) as unit:
        await unit.integrations.note(integration, state=IntegrationState.ACTIVE)
        new = [NewDelivery(row.id, f"IA{n:016}", n, 1) for n, row in enumerate(records, start=1)]
        await unit.deliveries.add(integration, new, START)
        for record in records[:4]:
            (row,) = await unit.deliveries.of_record(record.id)
            await unit.deliveries.begin_sending([Intent(row.id, row.state, 0, 1, "h")], run.id, START)
            done = Settlement(row.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED)
            await unit.deliveries.settle([done], START)
    for number, amount in ((1, "412.00"), (3, "413.00"), (4, "412.00"), (5, "412.00"), (4, "412.00")):
        await far_side.adapter.send(far_side.credentials, [system.voucher(number, amount)])
    clock.advance(60)
    service = Reconciliations(database, ReconciliationWork(database, adapters, credentials, clock), clock)

    view = await service.finished(actor, (await service.start(actor, integration)).id)

    assert view.trouble is None
    found = {line.record: line.finding for line in (await service.lines(actor, view.id)).lines}
    well = {Finding.AGREES, Finding.WAITING}
    assert (found["EC-2"], found["EC-3"]) == (Finding.MISSING, Finding.AMOUNT)
    assert found["EC-5"] is Finding.NOT_DELIVERED
    assert found.get("EC-1", Finding.AGREES) in well
    assert found.get("EC-4", Finding.AGREES) in ({Finding.DOUBLED} if system.kind in BOOKS_TWICE else well)
    assert (view.here[0].count, view.here[0].sum.minor) == (4, 4 * 41200)
    twice = system.kind in BOOKS_TWICE
    assert (view.there[0].count, view.there[0].sum.minor) == (4 + twice, (4 + twice) * 41200 + 100)
    assert view.about is not None
    assert view.about.system == far_side.adapter.label
