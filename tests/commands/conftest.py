"""An instance of a test's own, and commands run on it: in this process or, where that is the matter, as a shell would."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from signal import SIG_DFL, SIGHUP, signal

import pytest

from tests import canary
from tests.commands.shell import ORGANISATION, Run, here, process


@pytest.fixture(autouse=True)
def _with_a_terminal() -> Iterator[None]:
    """Let what a test starts hear that its terminal is closed, also where nohup has started the tests."""
    before = signal(SIGHUP, SIG_DFL)
    yield
    signal(SIGHUP, before)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on an instance of this test's own."""
    return here(tmp_path / "instance")


@pytest.fixture
def shell(tmp_path: Path) -> Run:
    """Run a command on the same instance in a process of its own, which takes seconds to start."""
    return process(tmp_path / "instance")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance with a key and one organisation, made once by its commands."""
    folder = tmp_path_factory.mktemp("founded")
    for words, stdin in (
        (["migrate"], ""),
        (["init-key"], ""),
        (["create-admin", *ORGANISATION, "--email", "kari@example.org"], f"{canary.secret('password')}\n"),
    ):
        done = here(folder)(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def organisation(founded: Path, tmp_path: Path, run: Run) -> Run:
    """Run a command on an instance of this test's own, with a key and one organisation."""
    shutil.copytree(founded, tmp_path / "instance")
    return run
