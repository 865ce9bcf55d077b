"""What commands say where there is no database, or one that an older release has left behind."""

from pathlib import Path

import pytest

from alembic import command
from integration_admin.data import migrations
from tests.commands.shell import ORGANISATION, Run, here

SCHEMA = "The database does not have this release's schema. Run: integration-admin migrate\n"
ANY = "00000000-0000-0000-0000-000000000000"


def age(instance: Path) -> None:
    """Take the newest migration back, as if the release before this one had made the database."""
    (file,) = instance.glob("*.sqlite3")
    with migrations.schema_connection(f"sqlite:///{file}") as connection:
        command.downgrade(migrations.alembic_config(connection), "-1")


@pytest.mark.parametrize(
    "words",
    [
        ("init-key",),
        ("create-admin", *ORGANISATION, "--email", "kari@example.org"),
        ("tokens", *ORGANISATION),
        ("sync", ANY),
        ("backup", "{folder}/backup"),
    ],
    ids=lambda words: words[0],
)
def test_a_missing_database_is_named_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    for instance in (tmp_path / "nowhere", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        done = here(instance)(*(word.format(folder=tmp_path) for word in words), stdin="kanin trapp gitter\n")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"There is no database {instance}" in done.stderr
        assert "integration-admin migrate" in done.stderr
        assert list(tmp_path.rglob("*.sqlite3*")) == []


@pytest.mark.parametrize(
    "words", [("sync", ANY), ("tokens", *ORGANISATION), ("keys",)], ids=lambda words: words[0]
)
def test_an_older_releases_database_is_told_in_a_sentence(
    organisation: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    age(tmp_path / "instance")
    done = organisation(*words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", SCHEMA)


def test_an_older_releases_database_is_backed_up_before_it_is_migrated(
    organisation: Run, tmp_path: Path
) -> None:
    age(tmp_path / "instance")
    file = tmp_path / "before"
    made = organisation("backup", str(file))
    assert made.returncode == 0, made.stderr
    assert organisation("migrate").returncode == 0
    assert organisation("tokens", *ORGANISATION).returncode == 0
    restored = here(tmp_path / "elsewhere")("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert here(tmp_path / "elsewhere")("tokens", *ORGANISATION).returncode == 0
