"""Calls every event handler with what no page of ours sends: wrong kinds, a megabyte of text, strangers' ids, any order."""

import asyncio
import inspect
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.secret import Secret
from integration_admin.integration_admin import app
from integration_admin.states.access import AccessMiddleware
from tests.states.tab import Tab, open_tab

OURS = "reflex___state____state.integration_admin"
LONG = "x" * 1_000_000
_FIELD = re.compile(r"""form\.get\(["']([\w-]+)["']""")
_LONGEST_SECONDS = 20.0
_FOLLOWS = "follow"
"""The name of handlers that look on for as long as a run is under way; nobody carries one out here."""
_USUAL: Mapping[Any, Any] = {dict: {}, bool: True, int: 1, str: "x"}
"""An argument of each kind, so that the one beside it gets as far as the handler."""

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1.5,
    float("inf"),
    "",
    "x",
    "\x00\r\n\u202e\ud7ff",
    "' OR 1=1 --",
    "{0.__class__} %s %(x)s",
    "../../etc/passwd",
    "2026-13-45",
    "-1",
    "٣",
    LONG,
    [],
    ["x"] * 1_000,
    {},
    {"a": {"b": [1]}},
)
"""What stands in the place of an argument or of a field."""


@dataclass
class Findings:
    """How many events were sent, and what came of them that should not have."""

    events: int = 0
    failures: list[str] = field(default_factory=list)


def handlers() -> Mapping[str, RegisteredEventHandler]:
    """Return every handler a browser can name, ours and Reflex's, by its name on the wire; setvar is denied by its name."""
    registered = app._registration_context or RegistrationContext.ensure_context()  # noqa: SLF001, Reflex has no public name for it
    return {
        name: handler
        for name, handler in registered.event_handlers.items()
        if not handler.states[0].__module__.startswith("tests.")
        and not name.endswith((f".{_FOLLOWS}", ".setvar"))
    }


async def fuzz(session: Secret, ids: Sequence[str], *, each: int, seed: int) -> Findings:
    """Send `each` hostile calls to every handler, in any order, as the person of `session`; the services are installed.

    `ids` are of objects that belong to somebody else, or to nobody.
    """
    draw = random.Random(seed)  # noqa: S311, it only has to be the same again
    known = handlers()
    calls = [
        (name, payload)
        for name, handler in known.items()
        for payload in _some(draw, list(_payloads(handler, ids)), each)
    ]
    draw.shuffle(calls)
    found = Findings()
    async with open_tab({"/": []}, AccessMiddleware(), on_error=lambda _: None) as tab:
        await tab.connect(session)
        for name, payload in calls:
            tab.address = _address(draw, ids)
            found.events += 1
            if failure := await _failure(tab, name, payload):
                found.failures.append(f"{_short(known[name], name)} {_words(payload)}: {failure}")
    return found


async def _failure(tab: Tab, name: str, payload: dict[str, Any]) -> str:
    """Send one event and return what went wrong; a refusal of ours is no failure."""
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await tab.send(name, **payload)
    except IntegrationAdminError as error:
        return "" if error.status < 500 else repr(error)
    except TimeoutError:
        return f"no end after {_LONGEST_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001, whatever a handler raises is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


def _payloads(handler: RegisteredEventHandler, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield calls of a handler: as it wants them, with something missing or besides, and hostile in each place."""
    parameters = list(inspect.signature(handler.handler.fn).parameters.values())[1:]
    usual = {parameter.name: _USUAL.get(parameter.annotation, "x") for parameter in parameters}
    if "form" in usual:
        yield from ({"form": form} for form in _forms(handler, ids))
    for name in usual:
        yield from (usual | {name: value} for value in (*HOSTILE, *ids))
    yield usual
    yield {}
    yield usual | {"nobody": "asked", "_": None}


def _some(draw: random.Random, calls: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    return draw.sample(calls, min(most, len(calls)))


def _forms(handler: RegisteredEventHandler, ids: Sequence[str]) -> Iterator[Any]:
    """Yield forms: every field hostile at once, each by itself, and forms that are none."""
    fields = [*_fields_of(handler), "unknown", "__class__", ""]
    for value in (*HOSTILE, *ids):
        yield dict.fromkeys(fields, value)
        yield {"__reflex_form_data__": [[name, value] for name in fields]}
    for name in fields:
        yield from ({name: value} for value in ("x", LONG, *ids))
    yield from ({"__reflex_form_data__": value} for value in (None, "x", {"a": 1}, [["a"]], [[["a"], "b"]]))


def _fields_of(handler: RegisteredEventHandler) -> list[str]:
    """Return the names of form fields that the handler's module reads."""
    module = inspect.getmodule(handler.handler.fn)
    source = Path(module.__file__ or "").read_text() if module else ""
    return sorted(set(_FIELD.findall(source)))


def _address(draw: random.Random, ids: Sequence[str]) -> str:
    one = draw.choice([*ids, "nonsense", "%00", LONG[:3_000], ""])
    return draw.choice(
        [
            "/",
            f"/settings/integrations/{one}",
            f"/settings/integrations/{one}/mapping?version={one}",
            f"/settings/integrations/{one}/runs/{one}?page=-1",
            f"/settings/integrations/new?id={one}&step={one}",
            f"/records/expense_claim/{one}?status=x",
            f"/sign-in?wait={one}&next=//evil.example",
        ]
    )


def _short(handler: RegisteredEventHandler, name: str) -> str:
    return f"{handler.states[0].__name__}.{name.rpartition('.')[2]}"


def _words(payload: object) -> str:
    return re.sub(r"x{100,}", "x…", repr(payload))[:200]
