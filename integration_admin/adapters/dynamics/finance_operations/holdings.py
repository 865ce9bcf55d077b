"""What Finance & Operations holds under our references, for how much, and whether its journals are posted.

A voucher's last line alone has our reference as its invoice number, and credits the whole amount (see vouchers.py).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.journals import posted
from integration_admin.adapters.dynamics.finance_operations.lookup import SELECTED, booked, lines_of
from integration_admin.adapters.dynamics.references import short
from integration_admin.adapters.holding import Holding, added, money_of
from integration_admin.core.money import Money

_AMOUNTS: Final = f"{SELECTED},CurrencyCode,DebitAmount,CreditAmount"


async def read_holdings(client: ODataClient, references: Sequence[str]) -> list[Holding]:
    """Return what is there under each of `references`, absent ones left out. Raises AdapterError."""
    found = await lines_of(client, references, selected=_AMOUNTS)
    journals = {str(row.get("JournalBatchNumber")) for rows in found.values() for row in rows}
    done = await posted(client, sorted(journals))
    return [_holding(reference, rows, done) for reference, rows in found.items()]


def _holding(reference: str, rows: Sequence[Row], done: Mapping[str, bool]) -> Holding:
    last = [row for row in rows if str(row.get("Invoice") or "").strip().upper() == short(reference)]
    there = booked(reference, rows)
    # Without the lines that are known to credit the whole amount there is no telling what it comes to.
    sums = added(_owed(row) for row in last) if len(last) == there.count else None
    open_lines = [row for row in last or rows if not done.get(str(row.get("JournalBatchNumber")), True)]
    return Holding(reference, there.count, sums, min(len(open_lines), there.count), there.external_id)


def _owed(row: Row) -> Money | None:
    credit = money_of(row.get("CreditAmount"), row.get("CurrencyCode"))
    debit = money_of(row.get("DebitAmount"), row.get("CurrencyCode"))
    return None if credit is None or debit is None else credit + -debit
