"""A command starts with what it needs and nothing more, and the list of commands says what each says of itself."""

import inspect
import re

import pytest

from integration_admin.cli import COMMANDS, load
from tests.commands.shell import ORGANISATION, Run

_IMPORTED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)
_HEAVY = {"reflex", "reflex_base", "fastapi", "starlette", "granian", "uvicorn", "graphql"}
_OURS = ("integration_admin.sandbox", "integration_admin.demo", "integration_admin.commands.build")


def imported(shell: Run, *words: str) -> set[str]:
    """Run a command and return the modules it has imported."""
    done = shell(*words, python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    return set(_IMPORTED.findall(done.stderr))


@pytest.mark.parametrize(
    "words",
    [("integrations", *ORGANISATION), ("create-token", *ORGANISATION, "--scope", "records:write")],
    ids=lambda words: words[0],
)
def test_a_light_command_imports_neither_the_pages_nor_the_simulated_systems(
    organisation: Run, shell: Run, words: tuple[str, ...]
) -> None:
    del organisation  # it has made the instance
    modules = imported(shell, *words)
    assert "integration_admin.cli" not in modules, "it is the program itself"
    assert "integration_admin.data.migrations" in modules
    assert heavy(modules) == set()


def test_the_schema_is_migrated_without_putting_the_product_together(shell: Run) -> None:
    modules = imported(shell, "migrate")
    assert "integration_admin.data.migrations" in modules
    assert "integration_admin.bootstrap" not in modules
    assert heavy(modules) == set()


def heavy(modules: set[str]) -> set[str]:
    """Return what takes long to import and no light command needs."""
    return {name for name in modules if name.partition(".")[0] in _HEAVY or name.startswith(_OURS)}


def test_the_list_of_commands_imports_none_of_them(shell: Run) -> None:
    modules = imported(shell, "--help")
    assert "integration_admin.core.settings" in modules
    assert not [name for name in modules if name.startswith("integration_admin.commands")]


def test_the_commands_are_listed(run: Run) -> None:
    listed = " ".join(run("--help", COLUMNS="200").stdout.split())
    assert len(COMMANDS) >= 12
    for name, (_, sentence) in COMMANDS.items():
        assert f"{name} {sentence}" in listed


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    said = inspect.cleandoc(load(name).help or "")
    assert said.splitlines()[0] == COMMANDS[name][1]
