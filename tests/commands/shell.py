"""What tests of the command line share: how a command is run, for whom, and on what."""

import asyncio
import io
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import structlog

from integration_admin import cli
from integration_admin.bootstrap import bootstrap
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.settings import PREFIX
from integration_admin.data.database import Database
from tests.builders import make_integration

Run = Callable[..., subprocess.CompletedProcess[str]]
ORGANISATION = ("--organisation", "Prøveforbundet")
MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2910"),
}


def environment_of(instance: Path) -> dict[str, str]:
    """Return this machine's environment with the instance's folder and no other setting."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return own | {f"{PREFIX}INSTANCE_DIR": str(instance)}


def process(instance: Path) -> Run:
    """Return what runs a command on the instance in this folder, in a process of its own."""

    def start(
        *words: str, stdin: str = "", python: tuple[str, ...] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *python, "-m", "integration_admin.cli", *words],
            env=environment_of(instance) | more,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return start


def here(instance: Path) -> Run:
    """Return what runs a command on the instance in this folder, in this process and a thread of its own."""

    def start(*words: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            _as_a_process(words, stdin, environment_of(instance) | more),
            redirect_stdout(out),
            redirect_stderr(err),
            ThreadPoolExecutor(1) as beside_the_event_loop,
        ):
            code = beside_the_event_loop.submit(_exit_code).result()
        return subprocess.CompletedProcess(list(words), code, out.getvalue(), err.getvalue())

    return start


def _exit_code() -> int:
    """Run the command and return the code a process would end with."""
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # noqa: BLE001, what a process would die of
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _as_a_process(words: tuple[str, ...], stdin: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Lend the command its words, input and environment, and take back what it sets up for its process."""
    logs = structlog.get_config()
    with pytest.MonkeyPatch.context() as lent:
        lent.setattr(sys, "argv", ["integration-admin", *words])
        lent.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        for name in os.environ.keys() - environment.keys():
            lent.delenv(name)
        for name, value in environment.items():
            lent.setenv(name, value)
        bootstrap.cache_clear()
        try:
            yield
        finally:
            bootstrap.cache_clear()
            structlog.configure(**logs)


def connect(instance: Path) -> str:
    """Store an integration with a mapping, at an address where nobody listens; return its id."""
    integration = make_integration(kind="xledger", settings={"environment": "demo"})
    (file,) = instance.glob("*.sqlite3")

    async def store() -> None:
        database = Database(f"sqlite:///{file}")
        async with database.system() as system:
            organisation = await system.organisation_named(ORGANISATION[1])
        assert organisation is not None
        async with database.write(organisation.id) as unit:
            await unit.integrations.add(integration)
            await unit.mappings.replace(integration.id, MAPPING)
        await database.close()

    asyncio.run(store())
    return str(integration.id)
