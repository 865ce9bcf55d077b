"""Choosing a password by a link, over HTTP: no address and no log holds what the link carries."""

import re

import httpx2
from structlog.testing import capture_logs

from integration_admin.core.secret import Secret
from integration_admin.services.signed_in import SignedIn
from tests.api.conftest import EMAIL, Edge

CHOSEN = "kanin trapp gitter"


async def make_link(running: Edge) -> str:
    """Let Alice make a link for her own new password; return the address."""
    assert running.alice.member_id is not None
    handed = await running.services.people.members.make_reset(running.alice, running.alice.member_id)
    assert handed.address is not None
    return handed.address.reveal()


async def test_a_link_carries_its_secret_where_no_server_sees_it(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    address, _, carried = (await make_link(running)).partition("#")
    assert address == f"{running.url}/link"
    page = await client.get("/link")
    assert page.status_code == 200
    assert '<script src="/link.js" defer></script>' in page.text
    assert "no-store" in (await client.post("/auth/link", data={"link": carried})).headers["cache-control"]


async def test_a_password_is_chosen_by_a_link_once(client: httpx2.AsyncClient, running: Edge) -> None:
    link = await make_link(running)
    with capture_logs() as logs:
        opened = await client.post("/auth/link", data={"link": link})
        assert opened.status_code == 200
        assert EMAIL in opened.text
        carried = re.search(r'name="link" value="([^"]+)"', opened.text)
        assert carried is not None
        form = {"link": carried[1], "password": "kort"}
        refused = await client.post("/auth/link", data=form)
        assert (refused.status_code, 'aria-invalid="true"' in refused.text) == (422, True)
        saved = await client.post("/auth/link", data=form | {"password": CHOSEN})
        assert (saved.status_code, 'href="/sign-in"' in saved.text) == (200, True)
        again = await client.post("/auth/link", data=form | {"password": CHOSEN})
    assert (again.status_code, 'role="alert"' in again.text) == (404, True)
    for page in (opened, refused, saved, again):
        assert CHOSEN not in page.text
    assert carried[1] not in str(logs)
    assert CHOSEN not in str(logs)
    session = await running.services.sign_in.sign_in(EMAIL, Secret(CHOSEN), "192.0.2.1")
    assert isinstance(session, SignedIn)


async def test_what_is_no_link_is_answered_like_one_that_was_used(client: httpx2.AsyncClient) -> None:
    for link in ("", "nonsense", "https://elsewhere.example/link#" + "A" * 43):
        answer = await client.post("/auth/link", data={"link": link})
        assert (answer.status_code, 'href="/forgotten-password"' in answer.text) == (404, True)
    foreign = {"Origin": "https://evil.example"}
    for path in ("/auth/link", "/auth/forgotten-password"):
        assert (await client.post(path, data={"email": EMAIL}, headers=foreign)).status_code == 403


async def test_asking_for_a_link_is_answered_the_same_for_everybody(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    # Without a mail server there is nothing to fill in, whoever asks.
    for page in (
        await client.get("/forgotten-password"),
        await client.post("/auth/forgotten-password", data={"email": EMAIL}),
    ):
        assert (page.status_code, 'name="email"' in page.text) == (200, False)
    links = running.services.people.links
    links._post.mail_is_set_up = True
    known, unknown = [
        await client.post("/auth/forgotten-password", data={"email": email})
        for email in (EMAIL, "nobody@example.org")
    ]
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert EMAIL not in known.text
    for _ in range(4):
        await client.post("/auth/forgotten-password", data={"email": EMAIL})
    waits = await client.post("/auth/forgotten-password", data={"email": EMAIL})
    assert (waits.status_code, int(waits.headers["retry-after"]) > 0) == (429, True)
    await links.close()
    async with running.database.read(running.alice.organisation_id) as unit:
        assert {line.action for line in await unit.audit.latest()} == {"password.forgotten"}
