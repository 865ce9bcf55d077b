"""What exists before and after a walk in the browser: organisations, claims and a simulated Xledger."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from integration_admin.bootstrap import Application, assemble
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.secret import Secret
from integration_admin.core.settings import load_settings
from integration_admin.core.statuses import Role, ScheduleKind
from integration_admin.data.models_access import Member, Session
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens
from integration_admin.services.passwords import Passwords
from integration_admin.services.timetable import Timetable
from tests import canary
from tests.builders import make_claim, make_line
from tests.e2e.server import Server
from tests.trust import TLS

PASSWORD = f"{canary.secret('password')}-på-norsk"
CREDIT_ACCOUNT = "2910"
ACCOUNTS = {
    "travel.public_transport": "7140",
    "meals": "7350",
    "office.supplies": "6800",
}
"""Where the categories of `claims_of` go."""
_AMOUNTS = dict(zip(ACCOUNTS, ("412.00", "99.50", "1250.25"), strict=True))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    email: str
    organisation: str
    password: str = PASSWORD


@dataclass(frozen=True, slots=True)
class Xledger:
    """A simulated Xledger on a socket of its own."""

    url: str
    tokens: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        """The address to type into the credential form."""
        return f"{self.url}/graphql"

    @property
    def token(self) -> str:
        """The API token that may do all that is needed."""
        return self.tokens["full"]

    async def ledger(self) -> list[dict[str, Any]]:
        """Return every booked voucher."""
        async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
            booked: list[dict[str, Any]] = (await client.get(f"{self.url}/_sandbox/ledger")).json()
            return booked

    async def change(self, what: str, **body: object) -> None:
        """Do something an Xledger administrator would, such as closing an account."""
        async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
            (await client.post(f"{self.url}/_sandbox/{what}", json=body)).raise_for_status()


@asynccontextmanager
async def running_xledger(seed: int) -> AsyncIterator[Xledger]:
    """Start a fresh Xledger whose demo tokens come from `seed`."""
    async with running(create_app(seed=seed)) as url:
        yield Xledger(url, demo_tokens(seed))


@asynccontextmanager
async def opened_office(server: Server) -> AsyncIterator[Application]:
    """Open the product's services on the server's own database, for what is not the test's matter."""
    application = assemble(load_settings(server.environment))
    await application.keys.run()
    yield application
    await application.close()


def create_administrator(server: Server) -> Person:
    """Make a new organisation with its administrator, by the command line as an operator does."""
    person = _somebody("kari")
    words = ("create-admin", "--organisation", person.organisation, "--email", person.email)
    server.command(*words, "--name", "Kari Nordmann", stdin=f"{person.password}\n")
    return person


async def new_administrator(office: Application) -> Person:
    """Make a new organisation with its administrator."""
    person = _somebody("kari")
    await office.services.organisations.create_administrator(
        person.organisation, None, person.email, Secret(person.password), "Kari Nordmann"
    )
    return person


async def new_colleague(office: Application, administrator: Person, role: Role) -> Person:
    """Make another member of an organisation."""
    person = Person(_somebody("ola").email, administrator.organisation)
    actor = await office.services.organisations.actor_of(administrator.organisation)
    member = Member(
        id=uuid.uuid4(),
        email=person.email,
        name="Ola Nordmann",
        role=role,
        password_hash=await Passwords().hash(Secret(person.password)),
        created_at=office.clock.now(),
    )
    async with office.database.write(actor.organisation_id) as unit:
        await unit.organisations.add_member(member)
    return person


async def change_role(office: Application, person: Person, role: Role) -> None:
    """Give a member another role."""
    actor = await office.services.organisations.actor_of(person.organisation)
    async with office.database.system() as system:
        found = await system.member_by_email(person.email)
    assert found is not None
    async with office.database.write(actor.organisation_id) as unit:
        (await unit.organisations.member(found.id)).role = role


async def let_time_pass(office: Application, person: Person) -> None:
    """Let it be eleven minutes since anybody of the organisation gave the password."""
    actor = await office.services.organisations.actor_of(person.organisation)
    earlier = office.clock.now() - timedelta(minutes=11)
    async with office.database.write(actor.organisation_id) as unit:
        people = unit.organisations
        for session in await people._all(people._select(Session)):
            await people.note_authenticated(session.id, earlier)


def claims_of(word: str, count: int) -> list[dict[str, Any]]:
    """Build approved claims with one to three lines, then a draft and one that waits for approval."""
    lines = [
        make_line(place, category=category, amount=amount, project=None)
        for place, (category, amount) in enumerate(_AMOUNTS.items(), start=1)
    ]
    approved = [
        make_claim(id=f"{word}-{number:03}", lines=lines[: 1 + number % 3]) for number in range(count)
    ]
    unfinished = [
        make_claim(id=f"{word}-{status}", status=status, approved_on=None, lines=lines)
        for status in ("draft", "submitted")
    ]
    return [*approved, *unfinished]


async def post_claims(server: Server, person: Person, claims: list[dict[str, Any]]) -> None:
    """Send claims the way an expense system does, with a token made on the command line."""
    words = ("create-token", "--organisation", person.organisation, "--scope", "records:write")
    token = server.command(*words).strip()
    async with httpx2.AsyncClient(verify=TLS, timeout=30) as client:
        answer = await client.post(
            f"{server.url}/api/v1/records", json=claims, headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 200, answer.text
    assert answer.text.count('"created"') >= len(claims), answer.text


async def receive(office: Application, person: Person, claims: list[dict[str, Any]]) -> None:
    """Have claims arrive."""
    actor = await office.services.organisations.actor_of(person.organisation)
    await office.services.records.receive(actor, claims)


async def begin(office: Application, person: Person, xledger: Xledger) -> str:
    """Begin a set-up with tested credentials and a mapping, and return its id."""
    integration_id, _ = await _begun(office, person, xledger)
    return str(integration_id)


async def connect(office: Application, person: Person, xledger: Xledger, name: str = "Regnskapet") -> str:
    """Set an integration up by the services the wizard's steps call, and return its id."""
    services = office.services
    actor = await services.organisations.actor_of(person.organisation)
    integration_id, version = await _begun(office, person, xledger)
    nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    version = await services.schedules.save(actor, integration_id, version, nightly)
    await services.configuration.save(actor, integration_id, version, name)
    await _check_this_evening(office, actor.organisation_id, integration_id)
    return str(integration_id)


async def _check_this_evening(
    office: Application, organisation_id: uuid.UUID, integration_id: uuid.UUID
) -> None:
    """Count this evening's check as made: whether the server makes it meanwhile depends on the time of day."""
    now = office.clock.now()
    evening = (now - timedelta(hours=2)).astimezone(ZoneInfo("Europe/Oslo")).date().isoformat()
    about = {"due_at": now, "version": 0, "now": now, "given_up_before": now}
    async with office.database.write(organisation_id) as unit:
        assert await unit.preflights.claim(integration_id, evening, **about)
        assert await unit.preflights.finish(integration_id, now, now)


async def _begun(office: Application, person: Person, xledger: Xledger) -> tuple[uuid.UUID, int]:
    services = office.services
    actor = await services.organisations.actor_of(person.organisation)
    integration_id = await services.configuration.begin(actor, "xledger")
    typed = {"environment": "custom", "endpoint": xledger.endpoint, "token": xledger.token}
    version = await services.credentials.store(actor, integration_id, 1, typed)
    await services.credentials.test(actor, integration_id)
    await services.mappings.refresh(actor, integration_id)
    mapping = {
        "account": FieldMapping(source="line.category", values=ACCOUNTS),
        "text": FieldMapping(compose="{id} {line.description}"),
        "credit_account": FieldMapping(constant=CREDIT_ACCOUNT),
    }
    saved = await services.mappings.save(actor, integration_id, version, mapping)
    assert saved.saved, saved.findings
    return integration_id, saved.version


async def export_once(office: Application, person: Person, integration_id: str) -> str:
    """Carry out one export and return the run's id."""
    actor = await office.services.organisations.actor_of(person.organisation)
    started = await office.services.runs.start(actor, uuid.UUID(integration_id))
    await office.services.runner.carry_out(actor.organisation_id, started.id)
    return str(started.id)


async def compare_once(office: Application, person: Person, integration_id: str) -> str:
    """Compare the month with the accounting system and return it."""
    service = office.services.reconciliations
    actor = await office.services.organisations.actor_of(person.organisation)
    started = await service.start(actor, uuid.UUID(integration_id))
    await service.finished(actor, started.id)
    return started.period


def claims_booked(ledger: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the claim each voucher is about, as its lines say, in order."""
    return sorted(_claim_of(voucher) for voucher in ledger)


def postings(ledger: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return (account, amount) of every line by claim, in order."""
    return {
        _claim_of(voucher): sorted((line["account"], line["amount"]) for line in voucher["lines"])
        for voucher in ledger
    }


def _claim_of(voucher: Mapping[str, Any]) -> str:
    text: str = voucher["lines"][0]["text"]
    return text.split(" ", 1)[0]


def _somebody(name: str) -> Person:
    word = uuid.uuid4().hex[:8]
    return Person(f"{name}.{word}@example.org", f"Prøveforeningen {word}")
