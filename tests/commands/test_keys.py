"""The commands on the vault's keys."""

import json
import re
from pathlib import Path

from integration_admin.data.keyring import create_key
from tests.commands.shell import Run


def listed(run: Run) -> list[dict]:
    found: list[dict] = json.loads(run("keys", "--json").stdout)
    return found


def test_a_rotation_on_one_machine_is_one_command(organisation: Run) -> None:
    (first,) = listed(organisation)
    assert (first["state"], first["here"], first["holds"], first["worn"]) == ("active", "yes", 0, False)
    done = organisation("rotate-key")
    assert done.returncode == 0, done.stderr
    assert re.search(r"Secrets sealed again with key-\d{8}-\d{6}: 0\.", done.stdout)
    assert [key["state"] for key in listed(organisation)] == ["old", "active"]
    words = organisation("keys").stdout
    assert f"{first['key_id']}: only opens. Secrets it holds: 0. It has sealed at most " in words
    assert ": seals and opens." in words
    assert organisation("rotate-key", "--retire", first["key_id"]).returncode == 0
    assert [key["state"] for key in listed(organisation)] == ["active"]


def test_files_of_keys_that_are_not_used_are_named_whether_retired_or_left_by_a_rotation_that_was_killed(
    organisation: Run, tmp_path: Path
) -> None:
    (first,) = listed(organisation)
    assert "does not use" not in organisation("keys").stdout
    create_key(tmp_path / "instance" / "keys", "key-20261124-120000")
    organisation("rotate-key")
    organisation("rotate-key", "--retire", first["key_id"])
    idle = [
        line.split(": a file")[0] for line in organisation("keys").stdout.splitlines() if "not use" in line
    ]
    assert idle == [first["key_id"], "key-20261124-120000"]
    assert len(listed(organisation)) == 1


def test_for_several_machines_each_step_is_a_command(organisation: Run, tmp_path: Path) -> None:
    (first,) = listed(organisation)
    nothing = organisation("rotate-key", "--promote")
    assert (nothing.returncode, nothing.stderr) == (
        1,
        "No key waits to be promoted. Run: integration-admin rotate-key --add\n",
    )
    added = organisation("rotate-key", "--add").stdout.split(" ", 1)[0]
    assert (tmp_path / "instance" / "keys" / added).stat().st_mode & 0o777 == 0o600
    assert [key["state"] for key in listed(organisation)] == ["active", "added"]
    assert organisation("rotate-key", "--promote").stdout.startswith(
        f"Secrets are sealed with {added} from now on."
    )
    assert organisation("rotate-key", "--re-encrypt").returncode == 0
    refused = organisation("rotate-key", "--retire", added)
    assert (refused.returncode, refused.stderr) == (
        1,
        f"The vault key {added} is in use, or there is no such key.\n",
    )
    (tmp_path / "instance" / "keys" / first["key_id"]).unlink()
    assert f"{first['key_id']}: only opens, NOT on this machine." in organisation("keys").stdout


def test_only_one_step_is_taken_at_a_time(organisation: Run) -> None:
    done = organisation("rotate-key", "--add", "--promote")
    assert done.returncode == 2
    assert "one option at a time" in done.stderr
    assert len(listed(organisation)) == 1
