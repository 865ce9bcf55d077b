"""The commands on one integration, as a shell sees them, against a simulated Xledger."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import pytest
import yaml

from integration_admin.commands.settings_files import _secrets
from integration_admin.core.errors import InvalidInput
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens
from tests.commands.shell import ORGANISATION, Run

TOKEN = demo_tokens(1)["full"]
FILE = """\
type: xledger
name: Xledger demo
settings: {{environment: custom, endpoint: "{endpoint}"}}
mapping:
  account: {{source: line.category, values: {{travel.public_transport: "7140", office.supplies: "6800"}}}}
  text: {{compose: "{{id}} {{line.description}}"}}
  credit_account: {{constant: "2910"}}
schedule: {{kind: daily, at: "02:00", time_zone: Europe/Oslo, enabled: true}}
excluded: [draft_activities, claimant.email, claimant.bank_account]
"""
Command = Callable[..., Awaitable[CompletedProcess[str]]]


@pytest.fixture
async def endpoint() -> AsyncIterator[str]:
    async with running(create_app(limits=False)) as url:
        yield f"{url}/graphql"


@pytest.fixture
def command(organisation: Run) -> Command:
    """Run a command while the simulated system answers beside it."""

    async def start(*words: str, stdin: str = "") -> CompletedProcess[str]:
        allowed = {"INTEGRATION_ADMIN_OUTBOUND_ALLOW": "127.0.0.1/32"}
        done = await asyncio.to_thread(organisation, *words, stdin=stdin, **allowed)
        assert TOKEN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return start


@pytest.fixture
def file(tmp_path: Path, endpoint: str) -> Path:
    """A file that says how the simulated system is connected, and one beside it with a token that is refused."""
    path = tmp_path / "settings.yaml"
    path.write_text(FILE.format(endpoint=endpoint))
    path.with_name("token").write_text("not-a-token\n")
    return path


async def applied(command: Command, file: Path, *organisation: str) -> str:
    """Apply the file and return the new integration's id."""
    words = (
        "integration",
        "apply",
        str(file),
        *(organisation or ORGANISATION),
        "--secret",
        "token=@-",
        "--json",
    )
    # As a Windows editor saves it.
    done = await command(*words, stdin=f"\ufeff{TOKEN}\r\n")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["result"], said["warnings"]) == ("created", [])
    return str(said["id"])


async def test_a_file_goes_in_and_comes_out_for_another_organisation_to_use(
    command: Command, file: Path, endpoint: str
) -> None:
    integration = await applied(command, file)

    exported = await command("integration", "export", integration)
    assert exported.returncode == 0, exported.stderr
    said, wanted = yaml.safe_load(exported.stdout), yaml.safe_load(FILE.format(endpoint=endpoint))
    assert said["settings"].items() >= wanted["settings"].items()
    assert sorted(wanted["excluded"]) == said["excluded"]
    for part in ("type", "name", "mapping", "schedule"):
        assert said[part] == wanted[part]
    as_json = await command("integration", "export", integration, "--json", *ORGANISATION)
    assert json.loads(as_json.stdout) == said

    again = await command("integration", "apply", "-", *ORGANISATION, stdin=exported.stdout)
    assert (again.returncode, again.stdout) == (0, f"Already as the file says: {integration}\n")

    other = ("--organisation", "Et annet forbund")
    made = await command(
        "create-admin", *other, "--email", "ola@example.org", stdin="a long enough password\n"
    )
    assert made.returncode == 0, made.stderr
    file.with_name("settings.yaml").write_text(exported.stdout)
    second = await applied(command, file, *other)
    assert (await command("integration", "export", second)).stdout == exported.stdout
    assert (await command("test-connection", second)).returncode == 0


async def test_one_integration_and_its_next_runs_are_told_in_words_and_as_json(
    command: Command, file: Path
) -> None:
    integration = await applied(command, file)

    shown = await command("integration", "show", integration)
    assert shown.returncode == 0, shown.stderr
    for words in (
        "Xledger demo (Xledger), active",
        "Records: 0 exported, 0 waiting, 0 failed, 0 unknown",
        "  token: stored ",
        "  account: line.category, 2 values translated",
        "  credit_account: “2910” always",
        "Schedule: daily 02:00 Europe/Oslo",
        "Left out: claimant.bank_account, claimant.email, draft_activities",
    ):
        assert words in shown.stdout

    told = json.loads((await command("integration", "show", integration, "--json")).stdout)
    assert (told["state"], told["name"], told["waiting"]) == ("active", "Xledger demo", 0)
    assert set(told["secrets"]["token"]) == {"stored_at", "stored_by"}

    listed = await command("schedule", integration, "--next", "3")
    assert (listed.returncode, listed.stderr) == (0, "")
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert len(lines) == 3
    for local, utc in lines:
        assert local[10:16] == "T02:00"
        assert datetime.fromisoformat(local) == datetime.fromisoformat(utc)
        assert datetime.fromisoformat(utc).tzinfo == UTC

    told = json.loads((await command("schedule", integration, "--next", "400", "--json")).stdout)
    assert (told["time_zone"], told["enabled"], len(told["runs"])) == ("Europe/Oslo", True, 400)
    assert {run["local"][16:] for run in told["runs"]} == {"+01:00", "+02:00"}
    assert (await command("schedule", integration, "--next", "0")).returncode == 2


async def test_what_is_refused_is_told_in_words_and_stores_nothing(
    command: Command, file: Path, endpoint: str
) -> None:
    text = FILE.format(endpoint=endpoint)
    words = ("integration", "apply", "-", *ORGANISATION, "--secret", f"token=@{file.with_name('token')}")

    wrong = await command(*words, stdin=text.replace("mapping:", "mappings:"))
    assert (wrong.returncode, wrong.stderr.splitlines()) == (
        1,
        [
            "The settings cannot be used like this. Nothing was changed.",
            "mappings: This name is not known here.",
        ],
    )
    refused = await command(*words, stdin=text)
    assert (refused.returncode, refused.stderr.count("connection: ")) == (1, 1)
    assert (await command("integrations", *ORGANISATION, "--json")).stdout == "[]\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["token=not-a-file"], "Give a secret as --secret FIELD=@FILE; it is read from the file."),
        (["token=@"], "Give a secret as --secret FIELD=@FILE; it is read from the file."),
        (["=@-"], "Give a secret as --secret FIELD=@FILE; it is read from the file."),
        (["token=@/nowhere/token"], "The file /nowhere/token cannot be read."),
        (["token=@-", "another=@-"], "Standard input can be read once only."),
        (["token=@-", "token=@-"], "Standard input can be read once only."),
    ],
)
def test_a_secret_comes_from_a_file_or_standard_input_only(
    monkeypatch: pytest.MonkeyPatch, given: list[str], said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from-standard-input\r\n")))
    with pytest.raises(InvalidInput) as caught:
        _secrets(given, from_input=False)
    assert str(caught.value.message) == said


def test_the_end_of_the_line_is_no_part_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from standard input \r\n")))
    assert _secrets(["token=@-"], from_input=False)["token"].reveal() == "from standard input "
    with pytest.raises(InvalidInput):
        _secrets(["token=@-"], from_input=True)


async def test_an_integration_that_does_not_exist_is_one_sentence(command: Command) -> None:
    for words in (("integration", "export"), ("schedule",)):
        done = await command(*words, str(uuid4()))
        assert (done.returncode, done.stderr) == (1, "There is no such integration.\n")
