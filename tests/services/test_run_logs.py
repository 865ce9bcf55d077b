"""What is logged while a run is carried out tells of which run and which vouchers, and no secret."""

import json
from collections.abc import Callable, Iterator, Sequence

import pytest
import structlog

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.core import logs
from integration_admin.core.actor import Actor
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from tests import canary
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter


@pytest.fixture
async def engine(
    sqlite_database: Database, new_engine: Callable[[Database, FakeAdapter, Actor], Engine]
) -> Engine:
    organisation = await save_organisation(sqlite_database, features=["xledger"])
    return new_engine(sqlite_database, FakeAdapter(), Actor(organisation.id, "Alice", Role.ADMINISTRATOR))


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def break_down(_adapter: FakeAdapter, _batch: Sequence[Voucher]) -> list[Outcome]:
    detail = "A fault of ours."
    raise RuntimeError(detail)


async def test_every_line_of_a_run_has_its_id_and_a_broken_send_its_references(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    engine.adapter.behaviour = break_down
    capsys.readouterr()
    logs.configure(Settings(log_format="json"))
    run = await engine.sync(integration)
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert {(line.get("run"), line.get("integration")) for line in lines} == {(str(run.id), str(integration))}
    (broken,) = [line for line in lines if line["event"] == "send_broke"]
    assert len(broken["references"]) == 2
    assert canary.found_in(written) == []
