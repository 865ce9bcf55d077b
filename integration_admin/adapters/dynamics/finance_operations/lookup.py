"""What Finance & Operations holds under our references: lines of journals, posted ones too.

Only the last line of a voucher carries our reference as its invoice number (see vouchers.py), so lines
found with it are vouchers booked; should somebody have changed that number, a journal counts as one.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from integration_admin.adapters.base import Booked
from integration_admin.adapters.dynamics.finance_operations.client import READ_SECONDS, ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.errors import misshapen
from integration_admin.adapters.dynamics.odata import text
from integration_admin.adapters.dynamics.references import short
from integration_admin.adapters.wording import scrub

LINES: Final = "LedgerJournalLines"
_AT_ONCE: Final = 25
"""References in one question: with them its address stays below 2,048 characters, a usual limit of servers."""
SELECTED: Final = "dataAreaId,JournalBatchNumber,LineNumber,Voucher,Document,Invoice"
"""The columns of a line that tell where and under which reference it is."""


async def find(
    client: ODataClient, references: Sequence[str], *, deadline: float = READ_SECONDS
) -> list[Booked]:
    """Return what is booked under each of `references` in the legal entity, absent ones left out.

    `deadline` is in seconds and for each page. Raises AdapterError where the answer is not surely whole: a
    voucher taken for absent would be booked again.
    """
    found = await lines_of(client, references, deadline=deadline)
    return [booked(reference, found[reference]) for reference in references if reference in found]


async def lines_of(
    client: ODataClient,
    references: Sequence[str],
    *,
    deadline: float = READ_SECONDS,
    selected: str = SELECTED,
) -> dict[str, list[Row]]:
    """Return the lines booked under each of `references`, absent ones left out. Raises AdapterError."""
    found: dict[str, list[Row]] = {}
    for start in range(0, len(references), _AT_ONCE):
        found |= await _ask(client, references[start : start + _AT_ONCE], deadline, selected)
    return found


def external_id(row: Row) -> str:
    """Return the journal and voucher of a line, as a person looks them up there."""
    return "/".join(
        part for part in (_text(row.get("JournalBatchNumber")), _text(row.get("Voucher"))) if part
    )


async def _ask(
    client: ODataClient, references: Sequence[str], deadline: float, selected: str
) -> dict[str, list[Row]]:
    company = client.options.booking.company
    by_document = {short(reference): reference for reference in references}
    wanted = " or ".join(f"Document eq {text(document)}" for document in by_document)
    rows = await client.whole(
        LINES,
        deadline=deadline,
        select=selected,
        filter=f"dataAreaId eq {text(company)} and ({wanted})",
    )
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        reference = by_document.get(_text(row.get("Document")).upper())
        if reference is None or _text(row.get("dataAreaId")).casefold() != company.casefold():
            raise misshapen(detail=f"{LINES} holds what was not asked for")
        found[reference].append(row)
    return found


def booked(reference: str, rows: Sequence[Row]) -> Booked:
    """Return how often a voucher is there, by its lines."""
    last_lines = [row for row in rows if _text(row.get("Invoice")).upper() == short(reference)]
    journals = {_text(row.get("JournalBatchNumber")) for row in rows}
    shown = scrub(external_id((last_lines or rows)[0]))[:100]
    return Booked(reference, max(len(last_lines), len(journals)), shown)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
