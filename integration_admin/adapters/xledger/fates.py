"""What became of vouchers after Xledger had taken them: waiting in its import queue, booked, or refused there.

The order of proof: what stands in the books is booked, whatever else is said of it. Of what waits in the
import queue, an error about any line of a voucher refuses all of it. That glImportItemErrors.transactionDbId
is the dbId of an import item, and that both may be filtered this way, is assumed from the names and from
Xledger's pattern of filters; where it does not take the question, nothing is known to be refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integration_admin.adapters.following import Fate
from integration_admin.adapters.xledger.client import XledgerClient, page_in
from integration_admin.adapters.xledger.errors import Cause, misshapen
from integration_admin.adapters.xledger.lookup import text, whole
from integration_admin.adapters.xledger.refusals import refused_after_import
from integration_admin.core.errors import AdapterError
from integration_admin.core.statuses import FateState

_STANDING: Final = """
query Standing($references: [String!]!) {
  glImportItems(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier trRegNumber ownerDbId } } pageInfo { hasNextPage }
  }
  journalEntries(first: 10000, filter: {extIdentifier_in: $references}) {
    edges { node { dbId extIdentifier } } pageInfo { hasNextPage }
  }
}
"""
_LINES: Final = """
query Lines($filter: GLImportItem_Filter, $after: String) {
  glImportItems(first: 1000, after: $after, filter: $filter) {
    edges { cursor node { dbId extIdentifier trRegNumber ownerDbId } } pageInfo { hasNextPage }
  }
}
"""
_ERRORS: Final = """
query Errors($filter: GLImportItemError_Filter, $after: String) {
  glImportItemErrors(first: 1000, after: $after, filter: $filter) {
    edges { cursor node { dbId transactionDbId message errorLevel { code name } } } pageInfo { hasNextPage }
  }
}
"""
_AT_ONCE: Final = 100
_ITEMS_AT_ONCE: Final = 1_000
_MAX_PAGES: Final = 60
_NOT_TOLD: Final = frozenset({Cause.SCHEMA.code, Cause.SCOPE.code, Cause.INVALID.code})
_HARMLESS: Final = ("WARN", "INFO")
"""What the code or name of an error's level begins with where it keeps nothing from being booked (assumed)."""

Node = Mapping[str, Any]
Group = tuple[str, str]
"""The owner and trRegNumber that all lines of a voucher share."""


async def read_fates(client: XledgerClient, references: Sequence[str]) -> list[Fate]:
    """Return what became of the vouchers under `references`, unknown ones left out. Raises AdapterError.

    Takes one request for a hundred that are booked, and two more where some wait.
    """
    fates: list[Fate] = []
    for start in range(0, len(references), _AT_ONCE):
        fates += await _read(client, list(references[start : start + _AT_ONCE]))
    return fates


async def _read(client: XledgerClient, references: list[str]) -> list[Fate]:
    data = await client.read(_STANDING, {"references": references})
    posted = {text(node["extIdentifier"]): node for node in whole(data, "journalEntries", references)}
    queued = {text(node["extIdentifier"]): node for node in whole(data, "glImportItems", references)}
    waiting = {_group(node): reference for reference, node in queued.items() if reference not in posted}
    errors = await _errors(client, waiting)
    return [
        *(Fate(reference, FateState.BOOKED, text(node["dbId"])) for reference, node in posted.items()),
        *(_of_waiting(client, reference, errors.get(reference, [])) for reference in waiting.values()),
    ]


def _of_waiting(client: XledgerClient, reference: str, errors: Sequence[str]) -> Fate:
    if not errors:
        return Fate(reference, FateState.STAGED)
    words = [client.fit_to_show(error) for error in dict.fromkeys(errors)]
    return Fate(reference, FateState.REJECTED, message=refused_after_import(words))


async def _errors(client: XledgerClient, waiting: Mapping[Group, str]) -> dict[str, list[str]]:
    """Return what Xledger says against vouchers that wait, by reference."""
    if not waiting:
        return {}
    found: dict[str, list[str]] = {}
    try:
        lines = await _lines(client, waiting)
        for start in range(0, len(lines), _ITEMS_AT_ONCE):
            items = list(lines)[start : start + _ITEMS_AT_ONCE]
            wanted = {"transactionDbId_in": items}
            for node in await _all(client, _ERRORS, "glImportItemErrors", wanted):
                reference = lines.get(text(node.get("transactionDbId")))
                if reference is not None and not _is_harmless(node):
                    found.setdefault(reference, []).append(text(node.get("message")))
    except AdapterError as error:
        if error.code not in _NOT_TOLD:
            raise
        return {}
    return found


async def _lines(client: XledgerClient, waiting: Mapping[Group, str]) -> dict[str, str]:
    """Return dbId -> reference of every line that waits: only one line of each voucher carries our reference."""
    numbers = [int(number) for _, number in waiting if number.isdecimal()]
    if not numbers:
        # A filter for none of them might mean all there are.
        return {}
    grouped: dict[Group, list[Node]] = {}
    for node in await _all(client, _LINES, "glImportItems", {"trRegNumber_in": numbers}):
        grouped.setdefault(_group(node), []).append(node)
    return {
        db_id: reference
        for group, reference in waiting.items()
        for node in _surely_of(reference, grouped.get(group, []))
        if (db_id := text(node.get("dbId")))
    }


def _surely_of(reference: str, nodes: Sequence[Node]) -> Sequence[Node]:
    """Return the lines of a number that are surely the voucher's: all of them, unless another one has it too.

    Every integration counts from 1, so two that send to one entity have vouchers of the same number. Which of the
    lines without a reference are whose is not told then.
    """
    if {text(node.get("extIdentifier")) for node in nodes} <= {"", reference}:
        return nodes
    return [node for node in nodes if text(node.get("extIdentifier")) == reference]


async def _all(
    client: XledgerClient, document: str, field: str, wanted: Mapping[str, Sequence[Any]]
) -> list[Node]:
    """Return the nodes of every page; the next page begins after the last edge's cursor."""
    nodes: list[Node] = []
    after: str | None = None
    for _ in range(_MAX_PAGES):
        page = page_in(await client.read(document, {"filter": wanted, "after": after}), field)
        edges = page.edges or []
        nodes += [edge.node or {} for edge in edges]
        cursor = edges[-1].cursor if edges else None
        if page.page_info is None or not page.page_info.has_next or not cursor or cursor == after:
            return nodes
        after = cursor
    raise misshapen(detail=f"{field} has more than {_MAX_PAGES} pages")


def _group(node: Node) -> Group:
    return text(node.get("ownerDbId")), text(node.get("trRegNumber"))


def _is_harmless(node: Node) -> bool:
    level = node.get("errorLevel")
    words = [text(level.get(key)).upper() for key in ("code", "name")] if isinstance(level, dict) else []
    return any(word.startswith(_HARMLESS) for word in words)
