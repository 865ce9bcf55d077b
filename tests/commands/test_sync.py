"""`sync` as a shell sees it."""

import json
from pathlib import Path

from tests.commands.shell import Run, connect


def test_a_run_can_be_left_to_the_server(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    left = organisation("sync", integration, "--no-wait", "--json")
    again = organisation("sync", integration)

    assert (left.returncode, json.loads(left.stdout)["state"]) == (0, "queued"), left.stderr
    assert again.returncode == 1
    assert "already" in again.stderr
    assert "Where nothing exports, it ends once you start: integration-admin serve" in again.stderr


def test_a_run_is_waited_for_and_told_in_the_sentence_of_the_page(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    told = organisation("sync", integration, "--wait")
    shown = organisation("integration", "show", integration, "--json")

    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == json.loads(shown.stdout)["sentence"]
