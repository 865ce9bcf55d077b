"""A backup made on one installation is restored on another one, which then has the first one's people."""

import json
from pathlib import Path

from integration_admin.core.settings import PREFIX
from tests.commands.shell import ORGANISATION, Run, connect, here


def test_a_backup_is_restored_elsewhere_and_the_keys_are_asked_for(
    organisation: Run, founded: Path, tmp_path: Path
) -> None:
    integration = connect(tmp_path / "instance")
    file = tmp_path / "backup"
    made = organisation("backup", str(file))
    assert made.returncode == 0, made.stderr
    assert "Keep a copy of" in made.stderr
    assert organisation("backup", str(file)).returncode == 1
    (key,) = (founded / "keys").iterdir()
    assert key.read_bytes().strip() not in file.read_bytes()

    elsewhere = tmp_path / "elsewhere"
    restored = here(elsewhere)("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.split()[:2] == made.stdout.split()[:2]
    assert f"{key.name} are not in {elsewhere / 'keys'}" in restored.stderr
    assert "Integrations that were paused: 1." in restored.stderr
    listed = json.loads(here(elsewhere)("integrations", *ORGANISATION, "--json").stdout)
    assert [(line["id"], line["state"]) for line in listed] == [(integration, "paused")]
    again = here(elsewhere)(
        "create-admin", *ORGANISATION, "--email", "kari@example.org", stdin="long enough pw\n"
    )
    assert again.returncode == 1
    assert "already" in again.stderr
    assert here(elsewhere)("restore", str(file)).returncode == 1


def test_a_database_that_another_tool_put_back_is_marked_as_restored(
    organisation: Run, tmp_path: Path
) -> None:
    connect(tmp_path / "instance")
    marked = organisation("mark-restored")
    assert (marked.returncode, marked.stdout) == (0, "")
    assert "Integrations that were paused: 1." in marked.stderr
    (listed,) = json.loads(organisation("integrations", *ORGANISATION, "--json").stdout)
    assert listed["state"] == "paused"
    assert "restored from a backup" in organisation("integration", "show", listed["id"]).stdout


def test_what_cannot_be_paused_is_not_restored(organisation: Run, tmp_path: Path) -> None:
    connect(tmp_path / "instance")
    file, elsewhere = tmp_path / "backup", tmp_path / "elsewhere"
    assert organisation("backup", str(file)).returncode == 0
    refused = here(elsewhere)("restore", str(file), **{f"{PREFIX}OUTBOUND_ALLOW": "http://127.0.0.1"})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert not (elsewhere / "integration_admin.sqlite3").exists()
    restored = here(elsewhere)("restore", str(file))
    assert "Integrations that were paused: 1." in restored.stderr
    shown = here(elsewhere)(
        "integration",
        "show",
        json.loads(here(elsewhere)("integrations", *ORGANISATION, "--json").stdout)[0]["id"],
    )
    assert "restored from a backup" in shown.stdout
