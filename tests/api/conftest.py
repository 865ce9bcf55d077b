"""The HTTP edge on a real socket, in front of the real services on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from integration_admin.api.app import edge
from integration_admin.bootstrap import assemble
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.container import Services
from integration_admin.services.passwords import Passwords
from integration_admin.services.tokens import SCOPES
from tests import canary
from tests.api.serving import serving
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.ports import free_port
from tests.services.fake_adapter import FakeAdapter
from tests.trust import TLS

EMAIL = "alice@example.org"
PASSWORD = canary.secret("password")


@dataclass
class Edge:
    """What a test of the edge needs: the address, the services behind it and somebody who may sign in."""

    url: str
    services: Services
    alice: Actor
    database: Database
    problems: list[str]
    """Why the server is not ready, if a test says it is not."""


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Alice's password as it is stored; hashing takes a while, so once for all tests."""
    return asyncio.run(Passwords().hash(Secret(PASSWORD)))


@pytest.fixture
async def running(
    tmp_path: Path, sqlite_url: str, clock: FakeClock, password_hash: str
) -> AsyncIterator[Edge]:
    """The edge, served, with Alice who may sign in."""
    port = free_port()
    settings = Settings(
        instance_dir=tmp_path,
        database_url=sqlite_url,
        public_url=f"http://127.0.0.1:{port}",
        outbound_allow=("127.0.0.1",),
    )
    application = assemble(settings, clock=clock, adapters={"xledger": FakeAdapter()})
    container.install(application.services)
    await application.keys.init_key("test")
    await application.keys.run()
    member = make_member("Alice", email=EMAIL, password_hash=password_hash)
    organisation = await save_organisation(application.database, member)
    alice = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, member.id)
    problems: list[str] = []

    async def ready() -> None:
        if problems:
            raise ConnectionError(problems[0])

    async with serving(whole(settings, ready), port):
        yield Edge(settings.public_url, application.services, alice, application.database, problems)
    await application.services.sign_in.close()
    await application.close()


@pytest.fixture
async def client(running: Edge) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser-like client on our own page; it follows no redirects."""
    headers = {"Origin": running.url, "Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(verify=TLS, timeout=60.0, base_url=running.url, headers=headers) as opened:
        yield opened


@pytest.fixture
async def caller(running: Edge) -> AsyncIterator[httpx2.AsyncClient]:
    """A script with a token that has every scope."""
    token = await running.services.tokens.create(running.alice, SCOPES, "script")
    headers = {"Authorization": f"Bearer {token.reveal()}", "Accept-Language": "en"}
    async with httpx2.AsyncClient(verify=TLS, timeout=60.0, base_url=running.url, headers=headers) as opened:
        yield opened


def whole(settings: Settings, ready: Any) -> ASGIApp:
    """Put the edge together as Reflex does with `api_transformer`, around nothing."""
    api, *wrappers = edge(settings, ready, settings.instance_dir, knows=lambda _: True)
    assert isinstance(api, FastAPI)
    app: ASGIApp = api
    for wrap in wrappers:
        app = wrap(app)  # type: ignore[arg-type]  # all but the first are wrappers
    return app
