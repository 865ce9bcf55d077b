"""The claims every bench works on: approved, one to five lines each, the same ones every time."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from integration_admin.demo import demo_mapping

MAPPING = demo_mapping()
_SPENT = date(2026, 9, 1)
_CATEGORIES = ("travel.public_transport", "travel.taxi", "meals", "course.fee", "office.supplies", "phone")


def claims(count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` approved claims as record JSON, three lines each on average."""
    draw = random.Random(count)  # noqa: S311, material to measure with, not a secret
    for number in range(1, count + 1):
        yield claim(number, draw.randint(1, 5), _SPENT + timedelta(days=draw.randrange(60)))


def claim(number: int, lines: int, spent: date = _SPENT) -> dict[str, Any]:
    """Return one approved claim of so many lines as record JSON."""
    return {
        "kind": "expense_claim",
        "id": f"EC-2026-{number:06}",
        "revision": 1,
        "status": "approved",
        "submitted_on": str(spent + timedelta(days=2)),
        "approved_on": str(spent + timedelta(days=5)),
        "currency": "NOK",
        "claimant": {"id": f"V-{number % 400:03}", "name": "Kari Nordmann", "email": "kari@example.org"},
        "department": "210",
        "purpose": "Likepersonsamling",
        "lines": [_line(number, place, spent) for place in range(1, lines + 1)],
    }


def _line(number: int, place: int, spent: date) -> dict[str, Any]:
    minor = 10_000 + (number * 7919 + place * 104_729) % 200_000
    return {
        "line": place,
        "date": str(spent),
        "category": _CATEGORIES[(number + place) % len(_CATEGORIES)],
        "description": f"Utlegg {place} på samling",
        "amount": f"{minor // 100}.{minor % 100:02}",
    }
