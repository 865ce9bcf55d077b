"""What Business Central holds under our document numbers: lines in the journal, entries in the ledger."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import text_of
from integration_admin.adapters.dynamics.business_central.errors import decoded, misshapen
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.odata import query, text
from integration_admin.adapters.dynamics.references import short

_AT_ONCE: Final = 20
"""Document numbers in one filter; the address stays below two thousand characters."""
_LINE: Final = "id,lineNumber,accountType,accountNumber,documentNumber,externalDocumentNumber,amount,comment"
_ENTRY: Final = "entryNumber,documentNumber,description,debitAmount,creditAmount"


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the journal; `dimensions` is dimension code -> (the dimension's id, value code)."""

    id: str
    number: int
    kind: str = ""
    account: str = ""
    document: str = ""
    external: str = ""
    amount: Decimal = Decimal(0)
    comment: str = ""
    dimensions: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in the ledger; `side` is 1 for a credit, -1 for a debit, 0 for neither."""

    number: str
    description: str
    side: int


async def lines_of(
    client: BusinessCentralClient, place: Place, references: Sequence[str], *, dimensions: bool = False
) -> dict[str, list[Line]]:
    """Return reference -> the lines in the journal that can be read back; references without any are absent.

    Raises AuthenticationFailed, AdapterError.
    """
    path = f"/{place.in_journal}/journalLines"
    options = {"expand": "dimensionSetLines"} if dimensions else {"select": _LINE}
    found: dict[str, list[Line]] = {}
    if not place.journal_id:
        return found
    async for reference, node in under(client, path, "documentNumber", _documents(references), options):
        found.setdefault(reference, []).append(_line(node))
    return found


async def entries_of(
    client: BusinessCentralClient, place: Place, references: Sequence[str]
) -> dict[str, list[Entry]]:
    """Return reference -> the entries in the ledger. Raises AuthenticationFailed, AdapterError."""
    path = f"/{place.in_company}/generalLedgerEntries"
    found: dict[str, list[Entry]] = {}
    names = _documents(references)
    async for reference, node in under(client, path, "documentNumber", names, {"select": _ENTRY}):
        side = (amount_of(node.get("creditAmount")) > 0) - (amount_of(node.get("debitAmount")) > 0)
        entry = Entry(text_of(node.get("entryNumber")), text_of(node.get("description")), side)
        found.setdefault(reference, []).append(entry)
    return found


async def has_pending(client: BusinessCentralClient, place: Place, comment: str) -> bool:
    """Tell whether any line in the journal bears a comment. Raises AuthenticationFailed, AdapterError."""
    path = f"/{place.in_journal}/journalLines?"
    options = query(filter=f"comment eq {text(comment)}", select="id,comment")
    async for node in client.values(path + options):
        if text_of(node.get("comment")) == comment:
            return True
    return False


async def under(
    client: BusinessCentralClient, path: str, field: str, names: Mapping[str, str], options: Mapping[str, str]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Yield (reference, entry) of everything that has one of our names in a field; `names` is name -> reference.

    An entry that was not asked for shows that the filter was not heeded: a voucher taken for absent would be
    booked again, so nothing of such an answer is believed. Raises AuthenticationFailed, AdapterError.
    """
    listed = list(names)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        wanted = " or ".join(f"{field} eq {text(name)}" for name in some)
        async for node in client.values(f"{path}?" + query(filter=wanted, **options)):
            name = text_of(node.get(field)).upper()
            if name not in some:
                raise misshapen(detail="the list holds what was not asked for")
            yield names[name], node


def _documents(references: Sequence[str]) -> dict[str, str]:
    return {short(reference): reference for reference in references}


def _line(node: Mapping[str, Any]) -> Line:
    number = node.get("lineNumber")
    return Line(
        id=text_of(node.get("id")),
        number=number if isinstance(number, int) else 0,
        kind=decoded(text_of(node.get("accountType"))),
        account=text_of(node.get("accountNumber")),
        document=text_of(node.get("documentNumber")),
        external=text_of(node.get("externalDocumentNumber")),
        amount=amount_of(node.get("amount")),
        comment=text_of(node.get("comment")),
        dimensions=dimensions_in(node),
    )


def dimensions_in(node: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return dimension code -> (the dimension's id, value code) of a line that was read with its dimensions."""
    sets = node.get("dimensionSetLines")
    return {
        text_of(entry.get("code")).upper(): (
            text_of(entry.get("id")),
            text_of(entry.get("valueCode")).upper(),
        )
        for entry in (sets if isinstance(sets, list) else [])
        if isinstance(entry, dict)
    }


def amount_of(value: Any) -> Decimal:
    """Return an amount of an answer; 0 where it has none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
