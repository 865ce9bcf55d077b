"""Two web processes and a worker on one PostgreSQL and one Redis: it does not matter whom a request reaches."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from integration_admin import demo
from integration_admin.commands.build import build_frontend
from integration_admin.core.secret import Secret
from tests import canary
from tests.postgresql import Server
from tests.scale_out.installation import Installation, Xledger
from tests.scale_out.web import PUBLIC_URL, Tab, kept_in, running_redis, serving, written_by
from tests.trust import TLS

PAGE = "/settings/integrations"
CARDS = "integration_admin___states___dashboard____dashboard_state.cards"


@dataclass
class Office:
    """Two web processes of one installation."""

    here: str
    there: str
    redis_url: str
    installation: Installation
    log_from: str
    """The first file of PostgreSQL's write-ahead log that can tell of this installation."""


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path) as url:
        yield url


@pytest.fixture
def log_from(postgresql_server: Server) -> str:
    return postgresql_server.log_file()


@pytest.fixture
async def office(log_from: str, shared_installation: Installation, redis_url: str) -> AsyncIterator[Office]:
    await asyncio.to_thread(build_frontend)
    async with (
        serving(shared_installation, redis_url, "here") as here,
        serving(shared_installation, redis_url, "there") as there,
    ):
        yield Office(here, there, redis_url, shared_installation, log_from)


async def sign_in(url: str) -> str:
    """Sign the demo administrator in on one process and return the cookie."""
    form = {"email": demo.EMAIL, "password": demo.PASSWORD, "next": PAGE}
    async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
        answer = await client.post(f"{url}/auth/sign-in", data=form, headers={"Origin": PUBLIC_URL})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    return answer.headers["set-cookie"].split(";", 1)[0]


async def test_it_does_not_matter_which_process_a_request_reaches(
    office: Office, xledger: Xledger, postgresql_url: str, postgresql_server: Server
) -> None:
    cookie = await sign_in(office.here)
    for url in (office.here, office.there):
        # The same tab, as when the proxy sends it to another process after a break.
        await expect_dashboard(office, Tab("tab", cookie), url)
    kept = kept_in(office.redis_url)
    assert any(str(office.installation.integration_id).encode() in text for text in kept.values())
    dump = written_by(office.redis_url, office.installation.folder)
    assert canary.holding([dump], [str(office.installation.integration_id)])
    await expect_nothing_shown(Tab("tab", "session=made-up"), office.there)

    token = (await new_token(office.installation)).reveal()
    booked = len(await xledger.references())
    async with office.installation.worker("worker") as worker:
        run = await export_here_and_ask_there(office, token)
        assert len(worker.ends_of(uuid.UUID(run["id"]))) == 1
    assert len(await xledger.references()) == booked + run["delivered"]
    assert run["delivered"] > 0

    secrets = [cookie.partition("=")[2], demo.PASSWORD, token, xledger.token]
    expect_none_of(secrets, kept)
    expect_none_of(secrets, kept_in(office.redis_url))
    expect_nothing_written_of(secrets, office, postgresql_server.files_of(postgresql_url, office.log_from))


async def expect_dashboard(office: Office, tab: Tab, url: str) -> None:
    await tab.connect(url)
    await tab.until(lambda: tab.vars.get(CARDS))
    assert [card["id"] for card in tab.vars[CARDS]] == [str(office.installation.integration_id)]
    await tab.close()


async def expect_nothing_shown(tab: Tab, url: str) -> None:
    """Who presents a tab's address without its cookie sees nothing of what the tab has drawn."""
    await tab.connect(url)
    await tab.until(lambda: tab.redirects)
    assert not tab.vars.get(CARDS)
    await tab.close()


async def new_token(installation: Installation) -> Secret:
    scopes = ["integrations:read", "runs:write"]
    return await installation.application.services.tokens.create(installation.actor, scopes, "test")


async def export_here_and_ask_there(office: Office, token: str) -> dict[str, Any]:
    """Start a run by the API of one process, and ask the other one until it has ended."""
    await office.installation.receive(30)
    start = f"{office.here}/api/v1/integrations/{office.installation.integration_id}/runs"
    async with httpx2.AsyncClient(
        verify=TLS, timeout=30, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        asked = await client.post(start)
        assert asked.status_code == 202, asked.text
        run: dict[str, Any] = asked.json()
        async with asyncio.timeout(30):
            while run["finished_at"] is None:
                run = (await client.get(f"{office.there}/api/v1/runs/{run['id']}")).json()
    return run


def expect_nothing_written_of(secrets: list[str], office: Office, database: list[Path]) -> None:
    """Search tables, indexes, write-ahead log, what Redis writes, and the disk, where all the rest is found."""
    folder = office.installation.folder
    written_by(office.redis_url, folder)
    for kept in ("base", "pg_wal"):
        files = [file for file in database if kept in file.parts]
        assert canary.holding(files, [demo.ORGANISATION])
    assert canary.holding([*database, *folder.rglob("*")], secrets) == []


def expect_none_of(secrets: list[str], kept: Mapping[Any, bytes]) -> None:
    found = {name: len(canary.found_in(text, secrets)) for name, text in kept.items()}
    assert {name: count for name, count in found.items() if count} == {}
