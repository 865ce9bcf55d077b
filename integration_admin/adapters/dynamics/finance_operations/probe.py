"""The connection test: which legal entity is reached, and whether its journals may be read."""

from collections.abc import Sequence
from typing import Final

from integration_admin.adapters.base import Connection, Option
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.formats import warnings
from integration_admin.adapters.dynamics.finance_operations.lookup import find
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_ANSWER_SECONDS: Final = 8.5
"""Less than the whole test may take, so that the client, which knows what stalls, says so first."""
_MOST: Final = 500
_SHOWN: Final = 20
_NEVER_USED: Final = "IACONNECTIONTEST"
_COMPANY: Final = "company"


async def probe(client: ODataClient) -> Connection:
    """Return the legal entity that is reached. Looks up what was never sent, as the export will.

    Warns of accounts that would be read in another way than they are written. Where there is no legal entity of
    that name, what is returned says so and lists those there are.

    Raises AuthenticationFailed, AdapterError.
    """
    until = client.until_in(_ANSWER_SECONDS)
    rows = await client.rows(
        "LegalEntities", deadline=_ANSWER_SECONDS, select="LegalEntityId,Name", top=str(_MOST)
    )
    wanted = client.options.booking.company
    there = _to_choose_from(client, wanted, rows)
    if not there:
        raise _none(wanted)
    found = {_COMPANY: there}
    chosen = next((option for option in there if option.value == wanted), None)
    if chosen is None:
        return Connection("", found=found, undecided={_COMPANY: _no_such_entity(wanted, there)})
    await find(client, [_NEVER_USED], deadline=_ANSWER_SECONDS)
    return Connection(chosen.text, await warnings(client, until=until), wanted.upper(), found)


def _to_choose_from(client: ODataClient, wanted: str, rows: list[Row]) -> tuple[Option, ...]:
    """Return the legal entities by their short names; the chosen one's is written as it was typed."""
    named = sorted((str(row.get("LegalEntityId") or "").strip(), _named(client, row)) for row in rows)
    return tuple(
        Option(wanted if name.casefold() == wanted.casefold() else name, text) for name, text in named if name
    )


def _none(wanted: str) -> AdapterError:
    message = msg(
        "Finance & Operations shows this app's user no legal entity. Give the user access to {company} there.",
        company=wanted,
    )
    return AdapterError(message, Fault.CONFIG, code="no_company")


def _no_such_entity(wanted: str, found: Sequence[Option]) -> Message:
    more = ["…"] if len(found) > _SHOWN else []
    return msg(
        "There is no legal entity {company} in Finance & Operations. Choose one of these: {entities}.",
        company=wanted,
        entities=", ".join([*(option.text for option in found[:_SHOWN]), *more]),
    )


def _named(client: ODataClient, row: Row) -> str:
    """Return an entity's short name and its name."""
    parts = (str(row.get(name) or "").strip() for name in ("LegalEntityId", "Name"))
    return scrub(" ".join(filter(None, parts)), *client.shown_to_nobody)
