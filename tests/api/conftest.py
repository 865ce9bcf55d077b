"""The HTTP edge on a real socket, in front of real services on a real database."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from integration_admin.api.app import edge
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.run_queue import LocalRunQueue
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.configuration import Configuration
from integration_admin.services.container import Services
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.organisations import Organisations
from integration_admin.services.passwords import Passwords
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.records import RecordIntake
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.sign_in import SignIn
from integration_admin.services.tokens import SCOPES, ApiTokens
from integration_admin.services.type_registry import TypeRegistry
from tests.api.serving import free_port, serving
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.services.fake_adapter import FakeAdapter

EMAIL = "alice@example.org"
PASSWORD = "correct horse battery"


@dataclass
class Edge:
    """What a test of the edge needs: the address, the services behind it and somebody who may sign in."""

    url: str
    settings: Settings
    services: Any
    alice: Actor
    database: Database
    problems: list[str]
    """Why the server is not ready, if a test says it is not."""


@pytest.fixture
def services(sqlite_database: Database, clock: FakeClock) -> Any:
    """The services the edge calls, for real; what a test does not need is not there."""
    passwords = Passwords()
    adapters = AdapterRegistry({"xledger": FakeAdapter()})
    types = TypeRegistry(sqlite_database, adapters)
    schedules = Schedules(sqlite_database, clock)
    return SimpleNamespace(
        sign_in=SignIn(sqlite_database, passwords, clock, os.urandom),
        tokens=ApiTokens(sqlite_database, clock, os.urandom),
        organisations=Organisations(sqlite_database, passwords, clock),
        records=RecordIntake(sqlite_database, clock),
        tracking=RecordTracking(sqlite_database),
        configuration=Configuration(sqlite_database, adapters, types, clock),
        runs=Runs(sqlite_database, LocalRunQueue(), clock),
        health=HealthMonitor(sqlite_database, schedules, clock),
    )


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Alice's password as it is stored; hashing takes a while, so once for all tests."""
    return asyncio.run(Passwords().hash(Secret(PASSWORD)))


@pytest.fixture
async def running(services: Any, sqlite_database: Database, password_hash: str) -> AsyncIterator[Edge]:
    """The edge, served, with Alice who may sign in."""
    port = free_port()
    settings = Settings(public_url=f"http://127.0.0.1:{port}")
    member = make_member("Alice", email=EMAIL, password_hash=password_hash)
    organisation = await save_organisation(sqlite_database, member)
    alice = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, member.id)
    container.install(cast("Services", services))
    problems: list[str] = []

    async def ready() -> None:
        if problems:
            raise ConnectionError(problems[0])

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(whole(settings, ready), port))
        yield Edge(settings.public_url, settings, services, alice, sqlite_database, problems)
        await services.sign_in.close()


@pytest.fixture
async def client(running: Edge) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser-like client on our own page; it follows no redirects."""
    headers = {"Origin": running.url, "Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(base_url=running.url, headers=headers) as opened:
        yield opened


@pytest.fixture
async def caller(running: Edge) -> AsyncIterator[httpx2.AsyncClient]:
    """A script with a token that has every scope."""
    token = await running.services.tokens.create(running.alice, SCOPES, "script")
    headers = {"Authorization": f"Bearer {token.reveal()}", "Accept-Language": "en"}
    async with httpx2.AsyncClient(base_url=running.url, headers=headers) as opened:
        yield opened


def whole(settings: Settings, ready: Any) -> ASGIApp:
    """Put the edge together as Reflex does with `api_transformer`, around nothing."""
    api, *wrappers = edge(settings, ready)
    assert isinstance(api, FastAPI)
    app: ASGIApp = api
    for wrap in wrappers:
        app = wrap(app)  # type: ignore[arg-type]  # all but the first are wrappers
    return app
