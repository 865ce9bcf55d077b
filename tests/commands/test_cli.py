"""The command line: words out, exit codes, nothing half-done."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from integration_admin.core.secret import Secret
from integration_admin.services.passwords import Passwords
from tests.builders import make_claim
from tests.commands.shell import ORGANISATION, Run, environment_of


def test_the_key_is_made_once_and_never_again(organisation: Run) -> None:
    again = organisation("init-key")
    assert again.returncode == 1
    assert "sealed with a key already" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_short_password_is_refused_and_nobody_is_made(organisation: Run) -> None:
    refused = organisation("create-admin", *ORGANISATION, "--email", "ola@example.org", stdin="short\n")
    assert refused.returncode == 1
    taken = organisation(
        "create-admin", *ORGANISATION, "--email", "ola@example.org", stdin="a long enough password\n"
    )
    assert taken.returncode == 0, taken.stderr
    assert refused.stderr == "password: A password needs at least 12 characters.\n"


def test_a_new_organisation_is_called_new_so_that_a_mistyped_name_is_noticed(organisation: Run) -> None:
    words, password = ("create-admin", "--email"), "a long enough password\n"
    known = organisation(*words, "ola@example.org", *ORGANISATION, stdin=password)
    mistyped = organisation(*words, "liv@example.org", "--organisation", "Pröveforbundet", stdin=password)
    assert known.stdout == "ola@example.org can sign in and administers Prøveforbundet.\n"
    assert mistyped.stdout == (
        "liv@example.org can sign in and administers Pröveforbundet, an organisation that is new here.\n"
    )


async def test_a_password_is_what_stands_in_its_file_whichever_program_has_saved_it(
    organisation: Run, tmp_path: Path
) -> None:
    words, typed = ("create-admin", *ORGANISATION, "--email", "ola@example.org"), "blåbær kanin gitter"
    assert (await asyncio.to_thread(organisation, *words, stdin=f"\ufeff{typed}\r\n")).returncode == 0
    (file,) = (tmp_path / "instance").glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as database:
        (stored,) = database.execute(
            "SELECT password_hash FROM members WHERE email = ?", words[-1:]
        ).fetchone()
    assert (await Passwords().verify(Secret(typed), stored))[0]


def test_a_password_nobody_could_type_again_is_refused(organisation: Run, tmp_path: Path) -> None:
    del organisation  # it has made the instance
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "integration_admin.cli",
            "create-admin",
            *ORGANISATION,
            "--email",
            "o@example.org",
        ],
        env=environment_of(tmp_path / "instance"),
        input="blåbær kanin gitter\n".encode("latin-1"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    sentence = b"The password is not UTF-8 text. Save its file as UTF-8 and try again.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", sentence)


def test_records_come_in_from_a_file_and_a_second_time_change_nothing(
    organisation: Run, tmp_path: Path
) -> None:
    file = tmp_path / "claims.json"
    file.write_text(json.dumps([make_claim(id="EC-1"), make_claim(id="EC-2")]))
    first = organisation("import-records", str(file), *ORGANISATION, "--json")
    second = organisation("import-records", str(file), *ORGANISATION, "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(first.stdout)["created"] == 2
    assert json.loads(second.stdout)["unchanged"] == 2


def test_a_broken_line_is_named_by_its_number_and_nothing_is_stored(
    organisation: Run, tmp_path: Path
) -> None:
    lines = [json.dumps(make_claim(id=f"EC-{number}")) for number in range(1, 480)]
    lines[470] = lines[470][:-5]
    file = tmp_path / "claims.ndjson"
    file.write_text("\n".join(lines))

    done = organisation("import-records", str(file), *ORGANISATION)

    assert done.returncode == 1
    assert "471" in done.stderr
    assert "Nothing was stored." in done.stderr
    lines[470] = json.dumps(make_claim(id="EC-471"))
    file.write_text("\n".join(lines))
    assert "Created: 479." in organisation("import-records", str(file), *ORGANISATION).stdout


def test_an_organisation_that_does_not_exist_is_one_sentence(organisation: Run, shell: Run) -> None:
    del organisation  # it has made the instance
    done = shell("integrations", "--organisation", "Ingen")
    assert done.returncode == 1
    assert done.stderr.strip() == "There is no organisation called Ingen."


def test_a_token_is_printed_once_and_works_nowhere_without_its_scope(organisation: Run) -> None:
    done = organisation("create-token", *ORGANISATION, "--scope", "records:write")
    assert (done.returncode, done.stdout.strip()[:3]) == (0, "ia_")
    assert organisation("create-token", *ORGANISATION, "--scope", "everything").returncode == 1
    (listed,) = json.loads(organisation("tokens", *ORGANISATION, "--json").stdout)
    assert (listed["name"], listed["scopes"], listed["until"]) == ("command line", ["records:write"], None)
    assert done.stdout.strip() not in str(listed)
    assert organisation("revoke-token", *ORGANISATION, listed["id"]).returncode == 0


def test_a_token_made_without_a_word_about_its_scope_may_hand_records_in_only(organisation: Run) -> None:
    assert organisation("create-token", *ORGANISATION).returncode == 0
    (listed,) = json.loads(organisation("tokens", *ORGANISATION, "--json").stdout)
    assert listed["scopes"] == ["records:write"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_LEVEL", "LOUD"), ("PUBLIC_URL", "ftp://x"), ("OUTBOUND_ALOW", "x"), ("TRUSTED_PROXIES", "-1")],
)
def test_an_unknown_or_malformed_setting_stops_with_its_name(run: Run, name: str, value: str) -> None:
    variable = f"INTEGRATION_ADMIN_{name}"
    done = run("migrate", **{variable: value})
    assert done.returncode == 1
    assert variable in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_wrong_usage_exits_with_two(run: Run) -> None:
    assert run("no-such-command").returncode == 2
    assert run("create-admin").returncode == 2


ANSWER_AS_JSON = (
    *("keys", "tokens", "schedule", "reconcile", "sync", "test-connection", "integrations", "import-records"),
    *("doctor", "integration show", "integration export", "integration apply"),
)


@pytest.mark.parametrize("command", ANSWER_AS_JSON)
def test_the_commands_the_readme_names_answer_as_json(run: Run, command: str) -> None:
    helped = run(*command.split(), "--help", COLUMNS="120")
    assert helped.returncode == 0
    assert "--json" in helped.stdout
