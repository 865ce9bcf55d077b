"""The connection test: which legal entity is reached, and whether its journals may be read."""

from typing import Final

from integration_admin.adapters.base import Connection
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.lookup import find
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

_ANSWER_SECONDS: Final = 8.5
"""Less than the whole test may take, so that the client, which knows what stalls, says so first."""
_MOST: Final = 500
_SHOWN: Final = 20
_NEVER_USED: Final = "IACONNECTIONTEST"


async def probe(client: ODataClient) -> Connection:
    """Return the legal entity that is reached. Looks up what was never sent, as the export will.

    Raises AuthenticationFailed, AdapterError.
    """
    rows = await client.rows(
        "LegalEntities", deadline=_ANSWER_SECONDS, select="LegalEntityId,Name", top=str(_MOST)
    )
    wanted = client.options.booking.company
    chosen = next(
        (row for row in rows if str(row.get("LegalEntityId")).casefold() == wanted.casefold()), None
    )
    if chosen is None:
        raise _no_such_entity(client, wanted, rows)
    await find(client, [_NEVER_USED], deadline=_ANSWER_SECONDS)
    return Connection(_named(client, chosen), entity_id=wanted.upper())


def _no_such_entity(client: ODataClient, wanted: str, rows: list[Row]) -> AdapterError:
    named = [_named(client, row) for row in rows]
    more = ["…"] if len(named) > _SHOWN else []
    if not named:
        message = msg(
            "Finance & Operations shows this app's user no legal entity. Give the user access to {company} there.",
            company=wanted,
        )
    else:
        message = msg(
            "There is no legal entity {company} in Finance & Operations. There are: {entities}.",
            company=wanted,
            entities=", ".join([*named[:_SHOWN], *more]),
        )
    return AdapterError(message, Fault.CONFIG, code="no_company")


def _named(client: ODataClient, row: Row) -> str:
    """Return an entity's short name and its name."""
    parts = (str(row.get(name) or "").strip() for name in ("LegalEntityId", "Name"))
    return scrub(" ".join(filter(None, parts)), *client.shown_to_nobody)
