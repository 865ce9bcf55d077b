"""`doctor` says in one line each what is in order, and what to do about what is not."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import canary
from tests.commands.shell import ORGANISATION, Run, connect
from tests.ports import free_port


def findings(run: Run, **settings: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Return the exit code, and each finding's state and words by its name."""
    done = run("doctor", "--json", **settings)
    return done.returncode, {line["name"]: (line["state"], line["words"]) for line in json.loads(done.stdout)}


def change(folder: Path, statement: str, *values: object) -> None:
    (file,) = folder.glob("*.sqlite3")
    with sqlite3.connect(file) as database:
        database.execute(statement, values)
    database.close()


def tick(folder: Path) -> None:
    """Note a tick, as a program that exports does."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    change(folder, "INSERT OR REPLACE INTO heartbeats VALUES ('tick', ?)", now)


def test_an_installation_in_order_has_a_line_for_each_thing(organisation: Run, tmp_path: Path) -> None:
    tick(tmp_path / "instance")
    done = organisation("doctor", INTEGRATION_ADMIN_PUBLIC_URL="https://integrations.example.org")
    assert done.returncode == 0, done.stdout + done.stderr
    named = [line.split(":")[0].split(maxsplit=1)[1] for line in done.stdout.splitlines()]
    assert named == [
        "settings",
        "disk",
        "redis",
        "database",
        "files",
        "migrations",
        "database role",
        "keys",
        "clock",
        "scheduler",
        "audit log",
        "outbound",
    ]
    assert "wrong" not in done.stdout


def test_a_redis_that_does_not_answer_is_wrong(organisation: Run) -> None:
    address = f"redis://:{canary.secret('redis')}@127.0.0.1:{free_port()}/0"
    code, found = findings(organisation, INTEGRATION_ADMIN_REDIS_URL=address)
    words = "Redis cannot be reached. Check that it is running and that REDIS_URL names it."
    assert (code, found["redis"]) == (1, ("wrong", words))


def test_a_database_every_user_of_the_machine_can_read_is_wrong(organisation: Run, tmp_path: Path) -> None:
    (file,) = (tmp_path / "instance").glob("*.sqlite3")
    file.parent.chmod(0o755)
    file.chmod(0o644)
    code, found = findings(organisation)
    assert (code, found["files"][0]) == (1, "wrong")
    assert found["files"][1].endswith(f"Run: chmod o-rwx {file}*")
    file.parent.chmod(0o700)
    assert findings(organisation)[1]["files"][0] == "ok"


def test_without_a_database_it_says_how_to_make_one_and_makes_none(run: Run, tmp_path: Path) -> None:
    code, found = findings(run)
    assert code == 1
    assert found["database"] == ("wrong", "There is no database yet. Run: integration-admin migrate")
    assert "keys" not in found
    assert list(tmp_path.rglob("*.sqlite3")) == []


def test_a_database_that_cannot_be_written_to_is_not_taken_for_a_server_that_is_down(
    organisation: Run, tmp_path: Path
) -> None:
    (file,) = (tmp_path / "instance").glob("*.sqlite3")
    # Whoever runs the tests may be root, whom no rights of a file stop; a folder in the log's place does.
    (tmp_path / "instance" / f"{file.name}-wal").mkdir()
    code, found = findings(organisation)
    words = "A file cannot be opened or written to. Look whether the disk is full, and who may write there."
    assert (code, found["database"]) == (1, ("wrong", words))


def test_a_file_the_system_keeps_from_us_is_named_with_what_it_says(run: Run) -> None:
    file = f"/{'x' * 300}"
    code, found = findings(run, INTEGRATION_ADMIN_DATABASE_URL=f"sqlite:///{file}")
    assert (code, found["database"][0]) == (1, "wrong")
    assert found["database"][1].startswith(f"{file}: File name too long. Look whether the folder is there")


def test_each_trouble_is_named_with_what_to_do(organisation: Run, tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    connect(instance)
    change(instance, "UPDATE integrations SET target_origin = 'https://127.0.0.1:9'")
    change(instance, "UPDATE audit_events SET actor = 'Mallory' WHERE number = 1")
    change(instance, "INSERT INTO heartbeats VALUES ('tick', '2030-01-01 00:00:00')")
    shutil.rmtree(instance / "keys")
    code, found = findings(organisation)
    assert code == 1
    assert found["audit log"][0] == "wrong"
    assert f"{ORGANISATION[1]}: Line 1 was changed." in found["audit log"][1]
    assert found["outbound"][0] == "wrong"
    assert "https://127.0.0.1:9" in found["outbound"][1]
    assert found["keys"][0] == "wrong"
    assert found["clock"][0] == "wrong"
    assert found["migrations"][0] == "ok"


@pytest.mark.parametrize(("schedules", "state"), [(0, "note"), (1, "wrong")])
def test_a_scheduler_that_stands_still_matters_where_anything_is_planned(
    organisation: Run, tmp_path: Path, schedules: int, state: str
) -> None:
    instance = tmp_path / "instance"
    integration = connect(instance).replace("-", "")
    if schedules:
        change(
            instance,
            "INSERT INTO schedules (id, integration_id, organisation_id, kind, at, time_zone, enabled, checked_until)"
            " SELECT id, id, organisation_id, 'daily', '02:00', 'Europe/Oslo', 1, '2026-11-21 00:00:00'"
            " FROM integrations WHERE id = ?",
            integration,
        )
    _, found = findings(organisation)
    assert found["scheduler"] == (
        state,
        "It has never ticked. Nothing is exported before you start: integration-admin serve",
    )
