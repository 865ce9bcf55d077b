"""A backup made on one installation is restored on another one, which then has the first one's people."""

import json
from pathlib import Path

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
