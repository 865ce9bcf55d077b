"""The demo: a start that broke off is finished by the next one, and a port in use is named at once."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import typer

from integration_admin import demo
from integration_admin.bootstrap import Application, assemble
from integration_admin.commands.demo import _wait_until_ended, _wait_until_ready
from integration_admin.core.actor import Actor
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.secret import Secret
from integration_admin.core.settings import load_settings
from integration_admin.core.statuses import IntegrationState
from integration_admin.data import migrations
from integration_admin.data.models import Organisation
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens
from integration_admin.services.organisations import FIRST_FEATURES
from tests.builders import make_organisation

TOKEN = Secret(demo_tokens(1)["full"])


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    settings = {"INSTANCE_DIR": str(tmp_path / "instance"), "OUTBOUND_ALLOW": "127.0.0.1/32"}
    application = assemble(
        load_settings({f"INTEGRATION_ADMIN_{name}": text for name, text in settings.items()})
    )
    yield application
    await application.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[str]:
    async with running(create_app(limits=False)) as url:
        yield f"{url}/graphql"


async def kari(application: Application) -> Actor:
    return await application.services.organisations.actor_of(demo.ORGANISATION)


async def assert_complete(application: Application) -> None:
    """One integration has run once, and what came in later waits for its next run."""
    actor = await kari(application)
    (view,) = await application.services.configuration.everything(actor)
    assert view.state is IntegrationState.ACTIVE
    health = await application.services.health.of(actor, view.id)
    assert (health.delivered_total, health.waiting) == (126 + 42, 8), "claims, and the payment of every third"
    assert len((await application.services.history.page(actor, view.id)).runs) == 1
    form = await application.services.credentials.form(actor, view.id)
    assert {field.stored.stored_by for field in form.fields if field.stored} == {"Kari Nordmann"}


async def test_a_second_start_changes_nothing(application: Application, endpoint: str) -> None:
    await demo.load(application, endpoint, TOKEN)
    await assert_complete(application)
    await demo.load(application, endpoint, TOKEN)
    await assert_complete(application)


async def test_a_start_that_could_not_connect_says_so_and_the_next_one_finishes_it(
    application: Application, endpoint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await demo.load(application, endpoint, Secret("not-a-token"))
    assert str(caught.value.message).startswith("The demo could not connect to its accounting system: ")
    await demo.load(application, endpoint, TOKEN)
    await assert_complete(application)


async def test_an_organisation_nobody_is_in_gets_its_administrator(
    application: Application, endpoint: str
) -> None:
    migrations.upgrade(application.settings.database)
    nobodys: Organisation = make_organisation(name=demo.ORGANISATION, organisation_number="974761076")
    async with application.database.system(writes=True) as system:
        await system.add_organisation(nobodys)
    await demo.load(application, endpoint, TOKEN)
    await assert_complete(application)
    members = await application.services.organisations.members(await kari(application))
    assert [member.name for member in members] == ["Kari Nordmann"]


async def test_a_demo_an_earlier_version_made_gets_the_types_that_have_come_since(
    application: Application, endpoint: str
) -> None:
    migrations.upgrade(application.settings.database)
    earlier: Organisation = make_organisation(
        name=demo.ORGANISATION, organisation_number="974761076", features=["xledger", "of_their_own"]
    )
    async with application.database.system(writes=True) as system:
        await system.add_organisation(earlier)
    await demo.load(application, endpoint, TOKEN)
    await assert_complete(application)
    types = await application.services.types.available(await kari(application))
    assert {known.kind for known in types} == set(FIRST_FEATURES)
    async with application.database.system() as system:
        kept = await system.organisation_named(demo.ORGANISATION)
    assert kept is not None
    assert kept.features == ["xledger", "of_their_own", *FIRST_FEATURES[1:]]


@contextmanager
def answering(child: subprocess.Popen[str] | None = None) -> Iterator[int]:
    """Serve 200 on a port that is returned; ends `child` before the first answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if child is not None:
                child.kill()
                child.wait()
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002, the base class's own name
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_port_in_use_is_named_before_anything_is_made(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    with answering() as port:
        done = subprocess.run(
            [sys.executable, "-m", "integration_admin.cli", "demo", "--port", str(port)],
            env=dict(os.environ) | {"INTEGRATION_ADMIN_INSTANCE_DIR": str(instance)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"Port {port} " in done.stderr
    assert "PORT=" in done.stderr
    assert not instance.exists()


def child_that(words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", words], text=True)


def test_another_programs_answer_is_not_taken_for_ours() -> None:
    with (
        child_that("import time; time.sleep(60)") as child,
        answering(child) as port,
        pytest.raises(ConfigurationError),
    ):
        _wait_until_ready(child, f"http://127.0.0.1:{port}/healthz")


@pytest.mark.parametrize(("words", "code"), [("exit(3)", 3), ("import os; os.kill(os.getpid(), 15)", 143)])
def test_the_demo_fails_as_its_web_app_failed(words: str, code: int) -> None:
    with child_that(words) as child, pytest.raises(typer.Exit) as caught:
        _wait_until_ended(child)
    assert caught.value.exit_code == code


def test_the_demo_ends_well_when_its_web_app_does() -> None:
    with child_that("pass") as child:
        _wait_until_ended(child)
    assert child.returncode == 0


def test_closing_the_terminal_stops_the_demo_in_good_order() -> None:
    script = (
        "import signal; from integration_admin.commands.demo import _stop_on_signal\n"
        "with _stop_on_signal():\n"
        "    print('ready', flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as begun:
        assert begun.stdout is not None
        assert begun.stdout.readline() == "ready\n"
        begun.send_signal(signal.SIGHUP)
        assert begun.communicate(timeout=30) == ("", "Stopped.\n")
        assert begun.returncode == 0
