"""Folders that are not there and disks that are full: one sentence with what to look at, whatever the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from integration_admin.core.settings import PREFIX
from tests.builders import make_claim
from tests.commands.shell import ORGANISATION, Run, environment_of, here

FULL = "A file cannot be opened or written to. Look whether the disk is full, and who may write there.\n"


def with_little_room(instance: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that may write no file above forty kilobytes: enough to read the database."""
    command = [sys.executable, "-m", "integration_admin.cli", *words]
    return subprocess.run(
        ["bash", "-c", 'ulimit -f 40; exec "$@"', "bash", *command],
        env=environment_of(instance),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_room_nothing_is_migrated(tmp_path: Path) -> None:
    done = with_little_room(tmp_path / "new", "migrate")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", FULL)
    assert here(tmp_path / "new")("migrate").returncode == 0


def test_without_room_there_is_no_backup_and_the_database_is_not_blamed(
    organisation: Run, tmp_path: Path
) -> None:
    del organisation  # it has made the instance
    file = tmp_path / "backup"
    done = with_little_room(tmp_path / "instance", "backup", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", FULL)
    assert not file.exists()


def test_without_room_no_record_is_stored(organisation: Run, tmp_path: Path) -> None:
    file = tmp_path / "claims.json"
    file.write_text(json.dumps([make_claim(id=f"EC-{number}") for number in range(200)]))
    words = ("import-records", str(file), *ORGANISATION)
    done = with_little_room(tmp_path / "instance", *words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", FULL)
    assert "Created: 200." in organisation(*words).stdout


@pytest.mark.parametrize("command", ["migrate", "restore {file}"])
def test_an_instance_that_cannot_be_made_is_named(organisation: Run, tmp_path: Path, command: str) -> None:
    file = tmp_path / "backup"
    assert organisation("backup", str(file)).returncode == 0
    done = here(file)(*command.format(file=file).split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{file}: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_for_the_backup_that_is_not_there_is_named(organisation: Run, tmp_path: Path) -> None:
    done = organisation("backup", str(tmp_path / "nowhere" / "backup"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert str(tmp_path / "nowhere") in done.stderr


def test_an_option_no_driver_knows_is_told_in_one_sentence(run: Run) -> None:
    done = run("migrate", **{PREFIX + "DATABASE_URL": "postgresql://ia:secret@127.0.0.1:1/ia?wrong=1"})
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "DATABASE_URL" in done.stderr


def test_doctor_says_what_to_do_about_a_database_that_is_down(run: Run) -> None:
    done = run("doctor", **{PREFIX + "DATABASE_URL": "postgresql://ia:secret@127.0.0.1:1/ia"})
    assert done.returncode == 1
    assert "wrong    database: The database cannot be reached. Check that it is running" in done.stdout
