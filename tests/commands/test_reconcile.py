"""`reconcile` as a shell sees it: exit codes, and the same sentence in words and as JSON."""

import asyncio
import json
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.data.database import Database
from integration_admin.data.repositories.deliveries import Intent, Settlement
from tests.builders import make_claim, save_records, save_run
from tests.commands.shell import ORGANISATION, Run, connect
from tests.data.taken_up import take_up


def deliver(instance: Path, integration: str, month: str) -> None:
    """Note that a claim was delivered as the month began."""
    (file,) = instance.glob("*.sqlite3")

    async def store() -> None:
        database = Database(f"sqlite:///{file}")
        began = datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZoneInfo("Europe/Oslo")).astimezone(UTC)
        async with database.system() as system:
            organisation = await system.organisation_named(ORGANISATION[1])
        assert organisation is not None
        run = await save_run(database, organisation.id, uuid.UUID(integration), finished_at=began)
        (record,) = await save_records(database, organisation.id, make_claim(id="EC-1"))
        async with database.write(organisation.id) as unit:
            await take_up(unit, uuid.UUID(integration), [record])
            (row,) = await unit.deliveries.of_record(record.id)
            await unit.deliveries.begin_sending([Intent(row.id, row.state, 0, 1, "h")], run.id, began)
            done = Settlement(row.id, DeliveryState.SENDING, 1, DeliveryState.DELIVERED)
            await unit.deliveries.settle([done], began)
        await database.close()

    asyncio.run(store())


def begin_export(file: Path, integration: str) -> None:
    """Leave a run under way that nobody is at."""

    async def store() -> None:
        database = Database(f"sqlite:///{file}")
        async with database.system() as system:
            organisation = await system.organisation_named(ORGANISATION[1])
        assert organisation is not None
        await save_run(database, organisation.id, uuid.UUID(integration), state=RunState.RUNNING)
        await database.close()

    asyncio.run(store())


def end_export(file: Path) -> None:
    """End the run as soon as a comparison has been asked for."""
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        while not connection.execute("SELECT 1 FROM reconciliations").fetchall():
            time.sleep(0.05)
        connection.execute("UPDATE runs SET state = 'cancelled', finished_at = requested_at")
        connection.commit()


def test_it_says_that_it_waits_for_an_export_and_what_carries_that_out(
    organisation: Run, tmp_path: Path
) -> None:
    integration = connect(tmp_path / "instance")
    (file,) = (tmp_path / "instance").glob("*.sqlite3")
    begin_export(file, integration)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end_export, file)
        done = organisation("reconcile", integration)
        ended.result()
    assert done.returncode == 0, done.stderr
    assert "The comparison begins when it has ended." in done.stderr
    assert "integration-admin serve" in done.stderr


def test_what_agrees_ends_with_0_and_what_cannot_be_asked_with_1(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    nothing = organisation("reconcile", integration, "--json")
    assert nothing.returncode == 0, nothing.stderr
    answer = json.loads(nothing.stdout)
    assert (answer["state"], answer["here"], answer["lines"]) == ("agrees", {}, [])

    # The month is said from here on: meanwhile the next one may have begun.
    month = answer["period"]
    deliver(tmp_path / "instance", integration, month)
    # There is no token stored, so the question does not even leave.
    refused = organisation("reconcile", integration, "--period", month, "--json")
    assert refused.returncode == 1, refused.stderr
    answer = json.loads(refused.stdout)
    assert (answer["state"], answer["version"]) == ("not_compared", 2)
    in_words = organisation("reconcile", integration, "--period", month)
    assert (in_words.returncode, in_words.stdout.strip()) == (1, answer["message"])

    wrong = organisation("reconcile", integration, "--period", "soon")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "is not a month" in wrong.stderr
