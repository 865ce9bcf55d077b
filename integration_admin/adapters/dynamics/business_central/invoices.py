"""A claim in another currency as Business Central takes it: a draft purchase invoice from the mapped vendor.

The draft is made with a single line, a comment that says that it is not complete; the cost lines follow in one
transaction, and their dimensions in another, with which the comment goes. A line has a place of its own in the
invoice, so the same one never gets in twice.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.dynamics.business_central.batch import Operation
from integration_admin.adapters.dynamics.business_central.dimensions import changes
from integration_admin.adapters.dynamics.business_central.fields import TEXT_LENGTH
from integration_admin.adapters.dynamics.business_central.foreign import total
from integration_admin.adapters.dynamics.business_central.held_invoices import (
    ACCOUNT,
    COMMENT,
    INCOMPLETE,
    Invoice,
)
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import (
    fitting,
    posting_date,
    wanted_dimensions,
)

_LINES: Final = "purchaseInvoiceLines"
_STEP: Final = 10_000
"""Between two lines; Business Central itself numbers them so, and the comment of a new draft has the first place."""


def path_of(invoice: Invoice, place: Place) -> str:
    """Return the path of an invoice, without a slash in front."""
    return f"{place.in_company}/purchaseInvoices({invoice.id})"


def creation(voucher: Voucher, place: Place) -> Operation:
    """Return the operation that makes the draft with its one comment, by which it is known to be incomplete."""
    body = _header(voucher) | {_LINES: [{"lineType": COMMENT, "description": INCOMPLETE}]}
    return Operation(voucher.reference, "POST", f"{place.in_company}/purchaseInvoices", body)


def additions(voucher: Voucher, invoice: Invoice, place: Place) -> list[Operation]:
    """Return the operations that put the cost lines into a draft."""
    path = f"{path_of(invoice, place)}/{_LINES}"
    return [Operation(voucher.reference, "POST", path, body) for body in _lines(voucher)]


def completion(
    voucher: Voucher,
    invoice: Invoice,
    place: Place,
    dimensions: tuple[str, ...],
    there: Mapping[str, Mapping[str, tuple[str, str]]],
) -> list[Operation]:
    """Return the operations that give the lines their dimensions and, last, take the comment away.

    `there` is line id -> dimension code -> (the dimension's id, value code) of what came by itself.
    """
    path = f"{path_of(invoice, place)}/{_LINES}"
    operations = []
    for wanting, line in zip(voucher.lines, invoice.costs, strict=True):
        wanted = wanted_dimensions(wanting, dimensions)
        below = f"{path}({line.id})/dimensionSetLines"
        operations += list(changes(voucher.reference, below, there.get(line.id, {}), wanted))
    marks = (Operation(voucher.reference, "DELETE", f"{path}({mark.id})") for mark in invoice.marks)
    return [*operations, *marks]


def fits(voucher: Voucher, invoice: Invoice) -> bool:
    """Tell whether a draft is the voucher's, as far as it has got; its texts may have been edited."""
    money = total(voucher)
    if (invoice.vendor, invoice.currency) != (voucher.fields["vendor"].upper(), money.currency):
        return False
    if not invoice.costs:
        return bool(invoice.marks)
    wanted = [
        (ACCOUNT, line.fields["account"].upper(), Decimal(line.amount.decimal())) for line in voucher.lines
    ]
    found = [(line.kind, line.account, line.amount) for line in invoice.costs]
    return wanted == found and invoice.total == Decimal(money.decimal())


def shown(voucher: Voucher, dimensions: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the voucher as previews show it: amounts as text with all their digits."""
    bodies = [_shown_line(body) for body in _lines(voucher)]
    for body, line in zip(bodies, voucher.lines, strict=True):
        wanted = wanted_dimensions(line, dimensions)
        body["dimensionSetLines"] = [{"code": code, "valueCode": value} for code, value in wanted.items()]
    return {"purchaseInvoices": [_header(voucher) | {_LINES: bodies}]}


def _header(voucher: Voucher) -> dict[str, Any]:
    """Return the invoice without its lines; amounts have tax in them, so that they come to what the claim does.

    The vendor stands before the currency, because a vendor brings a usual currency along.
    """
    return {
        "vendorNumber": voucher.fields.get("vendor", ""),
        "vendorInvoiceNumber": voucher.reference,
        "postingDate": posting_date(voucher),
        "invoiceDate": voucher.date.isoformat(),
        "currencyCode": total(voucher).currency,
        "pricesIncludeTax": True,
    }


def _lines(voucher: Voucher) -> Iterator[dict[str, Any]]:
    """Yield the bodies of the cost lines; a negative amount is a quantity of minus one.

    Type and account stand first and the tax before the cost, each of which may change what comes after it.
    """
    for place, line in enumerate(voucher.lines, start=2):
        amount = Decimal(line.amount.decimal())
        body = {
            "sequence": place * _STEP,
            "lineType": ACCOUNT,
            "lineObjectNumber": line.fields["account"],
            "description": fitting(line.fields.get("text", ""), TEXT_LENGTH),
        }
        if line.fields.get("tax_code"):
            body["taxCode"] = line.fields["tax_code"]
        yield body | {"unitCost": abs(amount), "quantity": -1 if amount < 0 else 1}


def _shown_line(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "unitCost": format(body["unitCost"], "f")}
