"""Nobody else on the machine can read what is written there, whatever the umask says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_admin.data import backup, migrations
from integration_admin.data.database import Database
from integration_admin.data.private_files import open_to_others
from tests.builders import save_organisation


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Let new files be for everybody to read unless somebody says otherwise, as most machines do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_database_and_what_sqlite_keeps_beside_it_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "instance" / "ia.sqlite3"
    migrations.upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    await save_organisation(database)
    written = {path.name: rights(path) for path in file.parent.iterdir()}
    await database.close()
    assert written == {"ia.sqlite3": 0o600, "ia.sqlite3-wal": 0o600, "ia.sqlite3-shm": 0o600}
    assert rights(file.parent) == 0o700


def test_a_database_that_is_there_keeps_the_rights_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "ia.sqlite3"
    file.touch(mode=0o640)
    migrations.upgrade(f"sqlite:///{file}")
    assert rights(file) == 0o640
    assert not open_to_others(file)


def test_a_restored_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    migrations.upgrade(f"sqlite:///{tmp_path / 'ia.sqlite3'}")
    backup.back_up(f"sqlite:///{tmp_path / 'ia.sqlite3'}", tmp_path / "backup")
    restored = tmp_path / "elsewhere" / "ia.sqlite3"
    backup.restore(f"sqlite:///{restored}", tmp_path / "backup")
    assert (rights(restored), rights(restored.parent)) == (0o600, 0o700)


def test_a_file_in_a_folder_nobody_else_may_enter_is_open_to_nobody(tmp_path: Path) -> None:
    file = tmp_path / "private" / "ia.sqlite3"
    file.parent.mkdir(mode=0o755)
    file.touch(mode=0o644)
    assert open_to_others(file)
    file.parent.chmod(0o700)
    assert not open_to_others(file)
