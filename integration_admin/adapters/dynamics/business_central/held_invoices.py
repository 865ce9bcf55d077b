"""What Business Central holds of purchase invoices under our references: drafts and posted ones alike.

Both are in one list there, and posting gives an invoice another number while its id stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import is_guid, text_of
from integration_admin.adapters.dynamics.business_central.entries import amount_of, dimensions_in, under
from integration_admin.adapters.dynamics.business_central.errors import decoded, misshapen
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.odata import query
from integration_admin.core.errors import AdapterError, Fault

COMMENT: Final = "Comment"
ACCOUNT: Final = "Account"
INCOMPLETE: Final = "This invoice is not complete yet"
"""The comment a draft of ours bears until all of it is there."""
_LINES: Final = "purchaseInvoiceLines"
_POSTED: Final = frozenset({"Open", "Paid", "Canceled", "Corrective"})
"""What the status of a posted invoice can be (Invoice Entity Aggregate Status); one that was cancelled was booked."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of a purchase invoice; `amount` is cost times quantity, in the invoice's currency."""

    id: str
    place: int
    kind: str
    account: str
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """A purchase invoice, its lines in their order."""

    id: str
    number: str
    vendor: str
    currency: str
    total: Decimal
    is_posted: bool
    lines: tuple[InvoiceLine, ...]

    @property
    def costs(self) -> tuple[InvoiceLine, ...]:
        """Return the lines that have amounts."""
        return tuple(line for line in self.lines if line.kind != COMMENT)

    @property
    def marks(self) -> tuple[InvoiceLine, ...]:
        """Return the comments that say that something is still missing."""
        return tuple(line for line in self.lines if (line.kind, line.description) == (COMMENT, INCOMPLETE))

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is missing; what somebody has posted is booked as it was."""
        return self.is_posted or (bool(self.costs) and not self.marks)


async def invoices_of(
    client: BusinessCentralClient, place: Place, references: Sequence[str]
) -> dict[str, list[Invoice]]:
    """Return reference -> the invoices that have it as their vendor's number; those without any are absent.

    Raises AuthenticationFailed, AdapterError.
    """
    found: dict[str, list[Invoice]] = {}
    path = f"/{place.in_company}/purchaseInvoices"
    names = {reference: reference for reference in references}
    async for reference, node in under(client, path, "vendorInvoiceNumber", names, {"expand": _LINES}):
        found.setdefault(reference, []).append(_invoice(node))
    return found


async def readable_invoices_of(
    client: BusinessCentralClient, place: Place, references: Sequence[str]
) -> dict[str, list[Invoice]]:
    """Return what `invoices_of` does, and nothing where the app may not ask for invoices.

    Where it may not, none can go out either, because nothing is sent before the same question is answered.
    Raises AdapterError for all else.
    """
    try:
        return await invoices_of(client, place, references)
    except AdapterError as error:
        if error.fault is not Fault.CONFIG:
            raise
        return {}


async def dimensions_of(
    client: BusinessCentralClient, place: Place, invoice: Invoice
) -> dict[str, Mapping[str, tuple[str, str]]]:
    """Return line id -> the line's dimensions. Raises AuthenticationFailed, AdapterError."""
    path = f"/{place.in_company}/purchaseInvoices({invoice.id})/{_LINES}?"
    nodes = client.values(path + query(expand="dimensionSetLines"))
    return {text_of(node.get("id")): dimensions_in(node) async for node in nodes}


def _invoice(node: Mapping[str, Any]) -> Invoice:
    """Return an invoice. Raises AdapterError where its id or its lines are missing."""
    lines = node.get(_LINES)
    name = text_of(node.get("id"))
    if not is_guid(name) or not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise misshapen(detail="an invoice without an id or without its lines")
    return Invoice(
        id=name,
        number=text_of(node.get("number")),
        vendor=text_of(node.get("vendorNumber")).upper(),
        currency=text_of(node.get("currencyCode")).upper(),
        total=amount_of(node.get("totalAmountIncludingTax")),
        is_posted=decoded(text_of(node.get("status"))) in _POSTED,
        lines=tuple(sorted((_line(line) for line in lines), key=lambda line: line.place)),
    )


def _line(node: Mapping[str, Any]) -> InvoiceLine:
    place = node.get("sequence")
    return InvoiceLine(
        id=text_of(node.get("id")),
        place=place if isinstance(place, int) else 0,
        kind=decoded(text_of(node.get("lineType"))),
        account=text_of(node.get("lineObjectNumber")).upper(),
        description=text_of(node.get("description")),
        amount=amount_of(node.get("unitCost")) * amount_of(node.get("quantity")),
    )
