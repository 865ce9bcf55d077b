"""The demo organisation: its claims and reimbursements are made here, everything else by the services a user's clicks call.

Nothing is written past the services; the run behind the demo integration is a real one.
"""

import random
import uuid
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor
from integration_admin.core.errors import ConfigurationError, KeyMissing
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState, ScheduleKind
from integration_admin.data import migrations
from integration_admin.services.organisations import FIRST_FEATURES
from integration_admin.services.timetable import Timetable

ORGANISATION = "Eksempelforbundet"
ADMINISTRATOR = "Kari Nordmann"
EMAIL = "kari@eksempelforbundet.example"
PASSWORD = "eksempel-demo-2026"  # noqa: S105, the demo's own, printed at every start

_PEOPLE = (
    ("V-101", ADMINISTRATOR),
    ("V-102", "Ola Nordmann"),
    ("V-103", "Ingrid Eksempel"),
    ("V-104", "Jonas Eksempel"),
    ("V-105", "Amina Prøvesen"),
    ("V-106", "Lars Prøvesen"),
    ("V-107", "Sunniva Testdal"),
    ("V-108", "Mikkel Testdal"),
)
_OUTLAYS = (
    ("travel.public_transport", "Tog Oslo–Hamar", 18_900, 61_200),
    ("travel.car", "Kjøring til likepersonsmøte", 21_200, 118_000),
    ("travel.taxi", "Drosje med rullestol", 24_000, 79_000),
    ("accommodation", "Overnatting på kurs", 99_000, 249_000),
    ("meals", "Lunsj for frivillige", 14_500, 92_000),
    ("course.fee", "Deltakeravgift", 50_000, 350_000),
    ("office.supplies", "Kontorrekvisita", 8_900, 74_900),
    ("phone", "Telefon, frivillig", 19_900, 49_900),
    ("interpreter", "Skrivetolk", 120_000, 480_000),
)
_ACCOUNTS = {
    "travel.public_transport": "7140",
    "travel.car": "7100",
    "travel.taxi": "7140",
    "accommodation": "7140",
    "meals": "7350",
    "course.fee": "6860",
    "office.supplies": "6800",
    "phone": "6903",
    "interpreter": "6860",
    "premises.rent": "7190",
}
_PURPOSES = ("Likepersonsamling", "Styremøte", "Medlemskurs", "Rehabiliteringsdag", "Ungdomshelg")


async def load(application: Application, endpoint: str, token: Secret) -> None:
    """Make the demo organisation with its records and one integration that has run.

    What is there already stays as it is, so a start that broke off is finished by the next one.
    `endpoint` and `token` are the sandbox Xledger's. Raises ConfigurationError when it refuses them.
    """
    await _prepare_keys(application)
    services = application.services
    actor = await _administrator(application)
    await services.records.receive(actor, claims(126))
    await services.records.receive(actor, troublesome_claims())
    await services.records.receive(actor, reimbursements(claims(126)))
    integration_id = await _connected(application, actor, endpoint, token)
    health = await services.health.of(actor, integration_id)
    if health.last_run is None and health.active_run is None:
        started = await services.runs.start(actor, integration_id)
        await services.runner.carry_out(actor.organisation_id, started.id)
    # These come in after the run: something is left for the next one.
    await services.records.receive(actor, claims(8, first=901))


async def _administrator(application: Application) -> Actor:
    organisations = application.services.organisations
    async with application.database.system() as system:
        member = await system.member_by_email(EMAIL)
    if member is None:
        await organisations.create_administrator(
            ORGANISATION, "974761076", EMAIL, Secret(PASSWORD), ADMINISTRATOR
        )
    # What an earlier version made may lack the types that have come since.
    await organisations.allow(ORGANISATION, FIRST_FEATURES)
    return await organisations.actor_of(ORGANISATION, ADMINISTRATOR)


async def _prepare_keys(application: Application) -> None:
    migrations.upgrade(application.settings.database)
    try:
        await application.keys.run()
    except KeyMissing:
        await application.keys.init_key("demo")
        await application.keys.run()


async def _connected(application: Application, actor: Actor, endpoint: str, token: Secret) -> uuid.UUID:
    """Return the demo integration; one that is missing or half set up is set up first."""
    configuration = application.services.configuration
    present = await configuration.everything(actor)
    saved = [view.id for view in present if view.state is not IntegrationState.DRAFT]
    if saved:
        return saved[0]
    integration_id = present[0].id if present else await configuration.begin(actor, "xledger")
    await _set_up(application, actor, integration_id, endpoint, token)
    return integration_id


async def _set_up(
    application: Application, actor: Actor, integration_id: uuid.UUID, endpoint: str, token: Secret
) -> None:
    """Walk the wizard's road: credentials, test, mapping, schedule, save."""
    services = application.services
    version = (await services.configuration.get(actor, integration_id)).version
    typed = {"environment": "custom", "endpoint": endpoint, "token": token.reveal()}
    version = await services.credentials.store(actor, integration_id, version, typed)
    report = await services.credentials.test(actor, integration_id)
    if not report.passed:
        raise ConfigurationError(
            msg("The demo could not connect to its accounting system: {reason}", reason=report.message)
        )
    await services.mappings.refresh(actor, integration_id)
    saved = await services.mappings.save(actor, integration_id, version, demo_mapping(), accept_warnings=True)
    nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    version = await services.schedules.save(actor, integration_id, saved.version, nightly)
    await services.configuration.save(actor, integration_id, version, "Xledger (demo)")


def demo_mapping() -> dict[str, FieldMapping]:
    """Return the demo integration's mapping; one category is left out and one account is closed."""
    return {
        "account": FieldMapping(source="line.category", values=_ACCOUNTS),
        "text": FieldMapping(compose="{id} {line.description}"),
        "project": FieldMapping(source="line.project"),
        "credit_account": FieldMapping(constant="2910"),
        "payment_account": FieldMapping(constant="1920"),
        "invoice_number": FieldMapping(source="claim_id"),
    }


def claims(count: int, first: int = 1) -> Iterator[dict[str, Any]]:
    """Yield approved claims, the same ones every time."""
    draw = random.Random(first)  # noqa: S311, demo data, not a secret
    for number in range(first, first + count):
        outlays = [draw.choice(_OUTLAYS) for _ in range(draw.randint(1, 4))]
        lines = [(category, text, draw.randrange(low, high, 100)) for category, text, low, high in outlays]
        yield _claim(number, draw, lines)


def reimbursements(paid: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the payment of every third claim, a week after its approval."""
    for number, claim in enumerate(islice(paid, 0, None, 3), start=1):
        paid_on = date.fromisoformat(claim["approved_on"]) + timedelta(days=7)
        minor = sum(Money.parse(line["amount"], claim["currency"]).minor for line in claim["lines"])
        yield {
            "kind": "reimbursement",
            "id": f"RB-2026-{number:04}",
            "revision": 1,
            "claim_id": claim["id"],
            "paid_on": str(paid_on),
            "currency": claim["currency"],
            "amount": Money(claim["currency"], minor).decimal(),
            "claimant": {"id": claim["claimant"]["id"], "name": claim["claimant"]["name"]},
            "reference": f"{paid_on:%Y%m%d}-{number:04}",
        }


def troublesome_claims() -> Iterator[dict[str, Any]]:
    """Yield approved claims that cannot be exported as the demo integration is set up."""
    draw = random.Random(7)  # noqa: S311, demo data, not a secret
    for number in (801, 802, 803):
        yield _claim(number, draw, [("gifts", "Blomster til avtroppende leder", 45_000)])
    for number in (804, 805):
        yield _claim(number, draw, [("premises.rent", "Leie av møtelokale", 150_000)])
    yield _claim(806, draw, [("travel.taxi", "Taxi in London", 6_400)]) | {"currency": "GBP"}
    unknown_project = _claim(807, draw, [("course.fee", "Deltakeravgift", 90_000)])
    unknown_project["lines"][0]["project"] = "P-999"
    yield unknown_project
    yield _claim(808, draw, [("meals", "Lunsj", 21_000)]) | {"status": "submitted", "approved_on": None}
    yield _claim(809, draw, [("meals", "Kaffe", 9_000)]) | {"status": "draft", "approved_on": None}


def _claim(number: int, draw: random.Random, lines: list[tuple[str, str, int]]) -> dict[str, Any]:
    person, name = draw.choice(_PEOPLE)
    spent = date(2026, 9, 1) + timedelta(days=draw.randrange(60))
    return {
        "kind": "expense_claim",
        "id": f"EC-2026-{number:04}",
        "revision": 1,
        "status": "approved",
        "submitted_on": str(spent + timedelta(days=2)),
        "approved_on": str(spent + timedelta(days=5)),
        "currency": "NOK",
        "claimant": {"id": person, "name": name, "email": f"{person.lower()}@eksempelforbundet.example"},
        "department": "210",
        "purpose": draw.choice(_PURPOSES),
        "lines": [
            {
                "line": place,
                "date": str(spent),
                "category": category,
                "description": text,
                "amount": f"{minor // 100}.{minor % 100:02}",
            }
            for place, (category, text, minor) in enumerate(lines, start=1)
        ],
    }
