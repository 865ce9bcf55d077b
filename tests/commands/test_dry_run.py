"""`sync --dry-run` as a shell sees it: payloads to the letter, exit codes, and nothing done."""

import json
import uuid
from pathlib import Path

from tests.builders import make_claim, make_line
from tests.commands.shell import ORGANISATION, Run, connect


def receive(organisation: Run, folder: Path, *claims: dict[str, object]) -> None:
    file = folder / f"{uuid.uuid4().hex}.json"
    file.write_text(json.dumps(claims))
    done = organisation("import-records", str(file), *ORGANISATION)
    assert done.returncode == 0, done.stderr


def test_payloads_are_printed_and_nothing_is_sent(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    receive(organisation, tmp_path, make_claim(id="EC-1"))

    told = organisation("sync", integration, *ORGANISATION, "--dry-run")
    as_json = organisation("sync", integration, *ORGANISATION, "--dry-run", "--json")

    assert (told.returncode, as_json.returncode) == (0, 0), told.stderr + as_json.stderr
    assert "Would be sent: expense_claim EC-1, 412.00 NOK" in told.stdout
    assert "Would be sent: 1. Would fail: 0. Stays: 0. Sum that would be sent: 412.00 NOK." in told.stdout
    answer = json.loads(as_json.stdout)
    (record,) = answer["records"]
    assert (record["id"], record["would"], record["reasons"]) == ("EC-1", "send", [])
    debit, credit = (entry["node"] for entry in record["payload"]["inputs"])
    assert (debit["account"], debit["invoiceAmount"]) == ({"code": "7140"}, "412.00")
    assert (credit["account"], credit["invoiceAmount"]) == ({"code": "2910"}, "-412.00")
    assert record["reference"] in told.stdout
    assert answer["amounts"] == {"NOK": "412.00"}
    assert answer["counts"] == {"send": 1, "fail": 0, "stay": 0}


def test_what_would_fail_is_named_and_the_command_fails(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    receive(
        organisation,
        tmp_path,
        make_claim(id="EC-1"),
        make_claim(id="EC-2", lines=[make_line(category="hotel")]),
        make_claim(id="EC-3", status="draft", approved_on=None),
    )
    told = organisation("sync", integration, *ORGANISATION, "--dry-run")
    assert told.returncode == 1
    assert "Would fail: expense_claim EC-2" in told.stdout
    assert "Category “Hotel” has no account yet." in told.stdout
    assert "Stays: expense_claim EC-3" in told.stdout
    again = json.loads(organisation("sync", integration, *ORGANISATION, "--dry-run", "--json").stdout)
    assert again["counts"] == {"send": 1, "fail": 1, "stay": 1}


def test_an_integration_that_does_not_exist_is_one_sentence(organisation: Run) -> None:
    done = organisation("sync", str(uuid.uuid4()), *ORGANISATION, "--dry-run", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1


def test_nothing_waiting_is_an_empty_list(organisation: Run, tmp_path: Path) -> None:
    integration = connect(tmp_path / "instance")
    done = organisation("sync", integration, *ORGANISATION, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == []
