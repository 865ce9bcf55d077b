"""The demo organisation: its claims are made here, everything else by the services a user's clicks call.

Nothing is written past the services; the run behind the demo integration is a real one.
"""

import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor
from integration_admin.core.errors import KeyMissing
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.secret import Secret
from integration_admin.data import migrations

ORGANISATION = "Eksempelforbundet"
EMAIL = "kari@eksempelforbundet.example"
PASSWORD = "eksempel-demo-2026"  # noqa: S105, the demo's own, printed at every start

_PEOPLE = (
    ("V-101", "Kari Nordmann"),
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
    """Make the demo organisation with its claims and one integration that has run, unless it is there.

    `endpoint` and `token` are the sandbox Xledger's.
    """
    await _prepare_keys(application)
    services = application.services
    async with application.database.system() as system:
        if await system.organisation_named(ORGANISATION) is not None:
            return
    await services.organisations.create_administrator(
        ORGANISATION, "974761076", EMAIL, Secret(PASSWORD), "Kari Nordmann"
    )
    actor = await services.organisations.actor_of(ORGANISATION)
    await services.records.receive(actor, claims(126))
    await services.records.receive(actor, troublesome_claims())
    integration_id = await _connect(application, actor, endpoint, token)
    started = await services.runs.start(actor, integration_id)
    await services.runner.carry_out(actor.organisation_id, started.id)
    # These came in after the run: something is left for the next one.
    await services.records.receive(actor, claims(8, first=901))


async def _prepare_keys(application: Application) -> None:
    migrations.upgrade(application.settings.database)
    try:
        await application.keys.run()
    except KeyMissing:
        await application.keys.init_key("demo")
        await application.keys.run()


async def _connect(application: Application, actor: Actor, endpoint: str, token: Secret) -> uuid.UUID:
    """Walk the wizard's road: begin, credentials, test, mapping, schedule, save."""
    services = application.services
    integration_id = await services.configuration.begin(actor, "xledger")
    typed = {"environment": "custom", "endpoint": endpoint, "token": token.reveal()}
    version = await services.credentials.store(actor, integration_id, 1, typed)
    await services.credentials.test(actor, integration_id)
    await services.mappings.refresh(actor, integration_id)
    saved = await services.mappings.save(actor, integration_id, version, demo_mapping(), accept_warnings=True)
    version = await services.schedules.save(
        actor, integration_id, saved.version, "daily", "02:00", "Europe/Oslo"
    )
    await services.configuration.save(actor, integration_id, version, "Xledger (demo)")
    return integration_id


def demo_mapping() -> dict[str, FieldMapping]:
    """Return the demo integration's mapping; one category is left out and one account is closed."""
    return {
        "account": FieldMapping(source="line.category", values=_ACCOUNTS),
        "text": FieldMapping(compose="{id} {line.description}"),
        "project": FieldMapping(source="line.project"),
        "credit_account": FieldMapping(constant="2910"),
        "invoice_number": FieldMapping(source="id"),
    }


def claims(count: int, first: int = 1) -> Iterator[dict[str, Any]]:
    """Yield approved claims, the same ones every time."""
    draw = random.Random(first)  # noqa: S311, demo data, not a secret
    for number in range(first, first + count):
        outlays = [draw.choice(_OUTLAYS) for _ in range(draw.randint(1, 4))]
        lines = [(category, text, draw.randrange(low, high, 100)) for category, text, low, high in outlays]
        yield _claim(number, draw, lines)


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
