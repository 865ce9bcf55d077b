"""The metrics are the database's figures, for whoever has the operator's token, and name nobody."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from integration_admin.api.metrics import exposition, metrics_routes
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.settings import Settings, load_settings
from integration_admin.core.statuses import IntegrationState, RunState, Trigger
from integration_admin.data.models import Run
from integration_admin.services import container
from integration_admin.services.heartbeat import Heartbeat
from integration_admin.services.request_counts import RequestTally, write_requests
from tests.api.serving import serving
from tests.builders import (
    make_claim,
    make_integration,
    make_member,
    make_run,
    save_organisation,
    save_records,
)
from tests.data.taken_up import take_up
from tests.fakes import START, FakeClock
from tests.ports import free_port
from tests.services.fake_adapter import FakeAdapter
from tests.trust import TLS

TOKEN = "a-token-of-the-operator"
NAME = "Prøveforbundet"
DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"


@pytest.fixture
async def application(tmp_path: Path, sqlite_url: str, clock: FakeClock) -> AsyncIterator[Application]:
    """An installation with an integration, an ended run, a queued one and a tick."""
    settings = Settings(instance_dir=tmp_path, database_url=sqlite_url, metrics_token=TOKEN)
    assembled = assemble(settings, clock=clock, adapters={"generic_rest": FakeAdapter()})
    container.install(assembled.services)
    organisation = await save_organisation(assembled.database, make_member("Alice"), name=NAME)
    integration = make_integration(name="Hemmelig regnskap")
    ended = make_run(
        integration.id,
        state=RunState.PARTLY_FAILED,
        trigger=Trigger.SCHEDULE,
        finished_at=START,
        delivered=41,
        rejected=2,
    )
    async with assembled.database.write(organisation.id) as unit:
        await unit.integrations.add(integration)
        await unit.runs.add(ended)
        await unit.runs.add(make_run(integration.id, requested_at=START - timedelta(seconds=90)))
    await Heartbeat(assembled.database, clock).beat()
    clock.advance(30)
    yield assembled
    await assembled.close()


async def read(application: Application) -> dict[str, dict[tuple[str, ...], float]]:
    """Return each sample's value by metric and label values."""
    text = exposition(await application.services.metrics.read()).decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_the_figures_are_the_databases(application: Application) -> None:
    found = {
        name.removeprefix("integration_admin_"): values for name, values in (await read(application)).items()
    }
    assert found["runs"] == {("partly_failed", "schedule"): 1}
    assert found["run_records"] == {("delivered",): 41, ("rejected",): 2, ("waiting",): 0, ("unknown",): 0}
    assert found["runs_under_way"] == {("queued",): 1, ("running",): 0}
    assert found["queue_age_seconds"] == {(): 120}
    assert found["tick_lag_seconds"] == {(): 30}
    assert found["integrations"][(IntegrationState.ACTIVE,)] == 1
    assert found["notices_pending"] == {(): 0}
    assert [*found["build_info"].values()] == [1]


async def test_a_held_lock_shows_while_it_is_held(application: Application) -> None:
    (run,) = await _unfinished(application)
    assert (await read(application)).get("integration_admin_lock_held") is None
    async with application.services.metrics._locks.hold(run.integration_id):
        held = (await read(application))["integration_admin_lock_held"]
    assert held == {(str(run.integration_id),): 1}


async def test_each_integration_tells_what_waits_when_it_last_went_well_and_what_its_vendor_leaves(
    application: Application,
) -> None:
    (run,) = await _unfinished(application)
    organisation, integration = run.organisation_id, str(run.integration_id)
    adapter = application.services.metrics._adapters.get("generic_rest")
    adapter.capabilities = replace(adapter.capabilities, requests_a_month=100)
    records = await save_records(application.database, organisation, make_claim(id="EC-1"))
    async with application.database.write(organisation) as unit:
        await take_up(unit, run.integration_id, records)
        await unit.runs.add(make_run(run.integration_id, state=RunState.SUCCEEDED, finished_at=START))
        await write_requests(unit, run.integration_id, RequestTally(30), START)
    found = await read(application)
    assert found["integration_admin_deliveries"] == {(integration, "ready"): 1}
    assert found["integration_admin_last_success_timestamp_seconds"] == {(integration,): START.timestamp()}
    assert found["integration_admin_vendor_requests_left"] == {(integration,): 70}


async def _unfinished(application: Application) -> list[Run]:
    async with application.database.system() as system:
        return await system.unfinished_runs()


async def test_only_the_operators_token_opens_them_and_they_name_nobody(application: Application) -> None:
    port = free_port()
    app = FastAPI()
    app.include_router(metrics_routes(application.settings))
    async with (
        serving(app, port),
        httpx2.AsyncClient(verify=TLS, timeout=30, base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            refused = await client.get("/metrics", headers=headers)
            assert refused.status_code == 401
            assert "integration_admin_" not in refused.text
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "integration_admin_runs{" in answer.text
    assert not [word for word in (NAME, "Hemmelig", "Alice", TOKEN) if word in answer.text]


async def test_without_a_token_in_the_settings_there_is_nothing_there(tmp_path: Path) -> None:
    port = free_port()
    app = FastAPI()
    app.include_router(metrics_routes(Settings(instance_dir=tmp_path)))
    async with (
        serving(app, port),
        httpx2.AsyncClient(verify=TLS, timeout=30, base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get("/metrics", headers={"Authorization": "Bearer x"})).status_code == 404


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="METRICS_TOKEN"):
        load_settings({"INTEGRATION_ADMIN_METRICS_TOKEN": "short"})


async def test_the_dashboard_asks_only_for_metrics_there_are(application: Application) -> None:
    text = exposition(await application.services.metrics.read()).decode()
    known = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"integration_admin_\w+", target["expr"])
    }
    assert asked
    assert asked - known == set()
    assert known - asked == set(), "every metric has its place on the dashboard"
