"""A command starts with what it needs and nothing more, and the list of commands says what each says of itself."""

import inspect
import re

import pytest

from integration_admin.cli import COMMANDS, load
from tests.commands.shell import ORGANISATION, Run

_IMPORTED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)
_HEAVY = {"reflex", "reflex_base", "fastapi", "starlette", "granian", "uvicorn", "graphql"}
_OURS = ("integration_admin.sandbox", "integration_admin.demo", "integration_admin.commands.build")


def imported(run: Run, *words: str) -> set[str]:
    """Run a command and return the modules it has imported."""
    done = run(*words, python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    return set(_IMPORTED.findall(done.stderr))


@pytest.mark.parametrize(
    "words",
    [
        ("integrations", *ORGANISATION),
        ("migrate",),
        ("create-token", *ORGANISATION, "--scope", "records:write"),
    ],
    ids=lambda words: words[0],
)
def test_a_light_command_imports_neither_the_pages_nor_the_simulated_systems(
    organisation: Run, words: tuple[str, ...]
) -> None:
    modules = imported(organisation, *words)
    assert "integration_admin.cli" not in modules, "it is the program itself"
    assert "integration_admin.data.migrations" in modules
    assert not {name.partition(".")[0] for name in modules} & _HEAVY
    assert not [name for name in modules if name.startswith(_OURS)]


def test_the_list_of_commands_imports_none_of_them(run: Run) -> None:
    modules = imported(run, "--help")
    assert "integration_admin.core.settings" in modules
    assert not [name for name in modules if name.startswith("integration_admin.commands")]


def test_the_schema_is_migrated_without_putting_the_product_together(run: Run) -> None:
    assert "integration_admin.bootstrap" not in imported(run, "migrate")


def test_the_commands_are_listed(run: Run) -> None:
    listed = " ".join(run("--help", COLUMNS="200").stdout.split())
    assert len(COMMANDS) >= 12
    for name, (_, sentence) in COMMANDS.items():
        assert f"{name} {sentence}" in listed


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    said = inspect.cleandoc(load(name).help or "")
    assert said.splitlines()[0] == COMMANDS[name][1]
