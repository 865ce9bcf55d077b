"""The whole life of secrets on a production server, and then a search of all it has written, said and sent."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest_asyncio
from aiosmtpd.smtp import AuthResult
from playwright.async_api import Browser, Page, Response, expect

from integration_admin.bootstrap import Application
from integration_admin.commands.build import build_frontend
from integration_admin.core.settings import PREFIX
from tests import canary
from tests.adapters.mail_server import Inbox, running_mail_server
from tests.commands.shell import here
from tests.e2e import road, world
from tests.e2e.leaks import Frames
from tests.e2e.road import DASHBOARD
from tests.e2e.server import Server, running_server
from tests.e2e.world import Person, Xledger
from tests.trust import TLS

WRONG, METRICS, SMTP = canary.secret("wrong"), canary.secret("metrics"), canary.secret("smtp")


@dataclass
class Life:
    """A server with a mail server and an accounting system beside it, and all that comes out of any of them."""

    server: Server
    inbox: Inbox
    xledger: Xledger
    office: Application
    person: Person
    secrets: list[str] = field(default_factory=lambda: [canary.MARK])
    said: dict[str, str | bytes] = field(default_factory=dict)

    async def command(self, *words: str, stdin: str = "", shows: bool = False) -> str:
        """Run a command beside the event loop, which the mail server and the accounting system need."""
        ours = {name: value for name, value in self.server.environment.items() if name.startswith(PREFIX)}
        done = await asyncio.to_thread(here(self.server.instance), *words, stdin=stdin, **ours)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        self.said[" ".join(words[:2])] = done.stderr if shows else done.stdout + done.stderr
        return done.stdout


@pytest_asyncio.fixture(loop_scope="session")
async def life(tmp_path: Path, xledger: Xledger) -> AsyncIterator[Life]:
    await asyncio.to_thread(build_frontend)
    async with running_mail_server(auth_require_tls=False, authenticator=_let_in) as inbox:
        more = {
            "SMTP_URL": f"smtp://ia:{SMTP}@127.0.0.1:{inbox.port}",
            "MAIL_FROM": "ia@example.org",
            "METRICS_TOKEN": METRICS,
            "LOG_LEVEL": "DEBUG",
        }
        with running_server(tmp_path / "instance", **more) as server:
            async with world.opened_office(server) as office:
                yield Life(server, inbox, xledger, office, world.create_administrator(server))


def _let_in(*_: object) -> AuthResult:
    return AuthResult(success=True)


async def test_no_secret_is_anywhere_but_sealed_and_where_it_was_typed(life: Life, browser: Browser) -> None:
    life.secrets += [life.person.password, *life.xledger.tokens.values()]
    token = (
        await life.command(
            "create-token", "--organisation", life.person.organisation, "--scope", "records:write",
            "--scope", "records:read", shows=True,
        )
    ).strip()  # fmt: skip
    life.secrets.append(token)
    async with httpx2.AsyncClient(
        verify=TLS, timeout=30, base_url=life.server.url, headers={"Authorization": f"Bearer {token}"}
    ) as api:
        await api.post("/api/v1/records", json=world.claims_of("EC", 3))
        async with road.opened_page(browser, life.server) as page:
            frames = Frames(page)
            page.on("response", lambda answer: _keep(life, answer))
            await walk(life, page)
            life.said["received"] = "\n".join(frames.received)
            assert any(WRONG in frame for frame in frames.sent)
        life.said["records"] = (await api.get("/api/v1/records")).text
    await operate(life)
    life.said["mails"] = "\n".join(mail.as_string() for mail in life.inbox.mails)

    assert len(life.said) > 20
    assert {
        name: found for name, text in life.said.items() if (found := canary.found_in(text, life.secrets))
    } == {}
    keys = [file.name for file in (life.server.instance / "keys").iterdir()]
    held = [(life.server.instance / "keys" / name).read_text().strip() for name in keys]
    folder = life.server.instance.parent
    assert canary.places_of(folder, life.secrets + held, but=keys) == []
    assert canary.places_of(folder, [life.person.email]) != []


async def walk(life: Life, page: Page) -> None:
    """Set up, export, be refused, be given new secrets and export again."""
    await road.sign_in(page, life.person)
    # The third cookie is the language.
    session, device = [one["value"] for one in await page.context.cookies() if len(one["value"]) > 20]
    life.secrets += [session, device]
    await road.begin_wizard(page)
    report = await road.enter_credentials(page, life.xledger.endpoint, WRONG)
    await expect(report).to_contain_text("token")
    await expect(await road.enter_token(page, life.xledger.token)).to_contain_text("Connected to")
    await page.get_by_role("link", name="Continue to field mapping").click()
    await road.enter_mapping(page)
    integration = await road.finish_wizard(page, "Regnskapet")
    await be_told_by_a_webhook(life)
    assert "Exported: 3." in await road.export(page)
    await life.xledger.change("tokens/full/expire")
    await world.receive(life.office, life.person, world.claims_of("ED", 2))
    await road.export(page)
    await be_told_by_mail(life)
    await page.goto(f"{DASHBOARD}/{integration}/credentials")
    await page.locator("#new-token").fill(life.xledger.tokens["renewed"])
    await road.press(page, "Test and replace")
    await expect(page.locator("#rotation-done")).to_contain_text("The new secrets work")
    await page.goto(f"{DASHBOARD}/{integration}")
    assert "Exported: 2." in await road.export(page)
    await look_around(life, page, integration)


async def be_told_by_a_webhook(life: Life) -> None:
    """Have a signing key made, and notices sent to where nobody takes them."""
    actor = await life.office.services.organisations.actor_of(life.person.organisation)
    choices = life.office.services.notice_choices
    kinds = (await choices.get(actor)).kinds
    await choices.save(actor, 0, kinds, "", f"{life.xledger.url}/webhook")
    life.secrets.append((await choices.make_key(actor, 1)).reveal())


async def be_told_by_mail(life: Life) -> None:
    """Have the news sent without waiting for the server to look for them."""
    notices = life.office.services.notices
    async with asyncio.timeout(60):
        while not life.inbox.mails:
            await notices._watch.look()
            await notices._courier.deliver_due()
            await asyncio.sleep(0.1)


async def look_around(life: Life, page: Page, integration: str) -> None:
    """Open pages and downloads, and keep what the browser holds after each."""
    actor = await life.office.services.organisations.actor_of(life.person.organisation)
    run = (await life.office.services.history.page(actor, uuid.UUID(integration))).runs[0]
    for address in (f"{DASHBOARD}/{integration}/history", "/settings/organisation", "/settings/audit-log"):
        await page.goto(address)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        kept = await page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
        )
        fields = await page.locator("input, textarea").evaluate_all(
            "all => all.map(one => one.value).join('|')"
        )
        life.said[f"page {address}"] = f"{await page.content()}{kept}{fields}"
    for address in ("audit-log.csv", "audit-log.json", f"runs/{run.id}.csv", f"runs/{run.id}.json"):
        answer = await page.context.request.get(f"/download/{address}")
        assert answer.ok, address
        life.said[address] = await answer.body()


async def operate(life: Life) -> None:
    """Do what operators do."""
    async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
        for path in ("/metrics", "/readyz"):
            answer = await client.get(
                f"{life.server.url}{path}", headers={"Authorization": f"Bearer {METRICS}"}
            )
            assert answer.status_code == 200
            life.said[path] = answer.text
    (integration,) = await life.office.services.configuration.everything(
        await life.office.services.organisations.actor_of(life.person.organisation)
    )
    await life.command("integrations", "--organisation", life.person.organisation, "--json")
    await life.command("integration", "show", str(integration.id))
    await life.command("integration", "export", str(integration.id))
    await life.command("doctor", "--json")
    await life.command("backup", str(life.server.instance.parent / "backup.sqlite3"))
    await life.command("rotate-key")
    await life.command("test-connection", str(integration.id))
    await life.command("keys")


def _keep(life: Life, answer: Response) -> None:
    """Keep the head of an answer; its body is in the page, the downloads or the frames."""
    if "set-cookie" not in answer.headers:
        life.said[f"head of {answer.url}"] = str(answer.headers)
