"""The connection test: whom the token belongs to, and whether it may read what an export reads."""

from collections.abc import Mapping
from typing import Any, Final

from integration_admin.adapters.base import Connection
from integration_admin.adapters.xledger.client import Reply, XledgerClient
from integration_admin.adapters.xledger.errors import Cause, XledgerError, misshapen
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed
from integration_admin.core.messages import Message, msg

_VIEWER: Final = """
query Viewer {
  viewer { entity { dbId code description } }
}
"""
_RIGHTS: Final = """
query Rights($references: [String!]!) {
  accounts(first: 1) { edges { node { dbId } } }
  glImportItems(first: 1, filter: {extIdentifier_in: $references}) { edges { node { dbId extIdentifier } } }
  journalEntries(first: 1, filter: {extIdentifier_in: $references}) { edges { node { dbId extIdentifier } } }
  projects(first: 1) { edges { node { dbId } } }
  objectKinds(first: 1) { edges { node { dbId } } }
  subledgers(first: 1) { edges { node { dbId } } }
}
"""
"""Asks for vouchers the way a lookup does, so that a test that passes has tried that out too."""

_ANSWER_SECONDS = 8.5
"""Less than the whole test may take, so that the client, which knows what stalls, says so first."""

_NEVER_USED = "IACONNECTIONTEST"
_NEEDED = ("accounts", "glImportItems", "journalEntries")
_USEFUL: Final[Mapping[str, Message]] = {
    "projects": msg(
        "The token may not read projects, so their codes cannot be checked. Tick read for Common in Xledger."
    ),
    "objectKinds": msg(
        "The token may not read dimensions and tax rules, so their codes cannot be checked. Tick read for"
        " Common in Xledger."
    ),
    "subledgers": msg(
        "The token may not read subledgers, so their codes cannot be checked. Tick read for Accounts Payable"
        " in Xledger."
    ),
}


async def probe(client: XledgerClient, clock: Clock) -> Connection:
    """Return whom the token reaches and what it may not read. Raises AuthenticationFailed, AdapterError."""
    entity, entity_id = _entity(_data(await client.ask(_VIEWER, deadline=_ANSWER_SECONDS), clock))
    rights = await client.ask(_RIGHTS, {"references": [_NEVER_USED]}, deadline=_ANSWER_SECONDS)
    return Connection(entity, _warnings(rights, clock), entity_id)


def _data(reply: Reply, clock: Clock) -> Mapping[str, Any]:
    if reply.errors:
        raise reply.errors[0].as_adapter_error(clock.now())
    return reply.data


def _entity(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the entity's code and name, and its dbId. Raises AdapterError when the token belongs to none."""
    viewer = data.get("viewer")
    entity = viewer.get("entity") if isinstance(viewer, dict) else None
    if not isinstance(entity, dict) or entity.get("dbId") is None:
        raise misshapen(detail="no viewer.entity")
    named = [str(entity[key]) for key in ("code", "description") if entity.get(key)]
    return " ".join(named) or str(entity["dbId"]), str(entity["dbId"])


def _warnings(reply: Reply, clock: Clock) -> tuple[Message, ...]:
    """Return one sentence for each list the token may not read. Raises for those that are needed.

    What was refused is what has no value: a list without entries still has one.
    """
    for error in reply.errors:
        if error.cause is not Cause.SCOPE:
            raise error.as_adapter_error(clock.now())
    refused = {name for name in (*_NEEDED, *_USEFUL) if reply.data.get(name) is None}
    if reply.errors and refused.intersection(_NEEDED):
        raise _missing_right(reply.errors)
    return tuple(sentence for name, sentence in _USEFUL.items() if name in refused)


def _missing_right(errors: tuple[XledgerError, ...]) -> AdapterError:
    return AuthenticationFailed(
        msg(
            "The token may not read General Ledger in Xledger. Make a new token with read and write ticked there."
        ),
        code=Cause.SCOPE.code,
        internal="; ".join(error.message for error in errors),
    )
