"""An instance of a test's own, and commands run on it as a shell would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.shell import ORGANISATION, Run


def on(instance: Path) -> Run:
    """Return what runs a command on the instance in this folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("INTEGRATION_ADMIN_")}
    environment = own | {"INTEGRATION_ADMIN_INSTANCE_DIR": str(instance)}

    def start(
        *words: str, stdin: str = "", python: tuple[str, ...] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *python, "-m", "integration_admin.cli", *words],
            env=environment | more,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return start


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on an instance of this test's own."""
    return on(tmp_path / "instance")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance with a key and one organisation, made once by its commands."""
    folder = tmp_path_factory.mktemp("founded")
    for words, stdin in (
        (["migrate"], ""),
        (["init-key"], ""),
        (["create-admin", *ORGANISATION, "--email", "kari@example.org"], "a long enough password\n"),
    ):
        done = on(folder)(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def organisation(founded: Path, tmp_path: Path, run: Run) -> Run:
    """Run a command on an instance of this test's own, with a key and one organisation."""
    shutil.copytree(founded, tmp_path / "instance")
    return run
