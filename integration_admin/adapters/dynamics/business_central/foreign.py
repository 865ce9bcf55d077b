"""Vouchers in another currency than the company's: which they are, and which of them cannot be offered.

Lines of a general journal have no currency in the API v2.0, so such a claim becomes a purchase invoice.
"""

from functools import reduce
from operator import add

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT


def is_foreign(voucher: Voucher, currency: str) -> bool:
    """Tell whether a voucher is in another currency than the company's."""
    return any(line.amount.currency != currency for line in voucher.lines)


def total(voucher: Voucher) -> Money:
    """Return what a voucher with lines comes to; all of them are in one currency."""
    return reduce(add, (line.amount for line in voucher.lines))


def problem(voucher: Voucher, place: Place) -> tuple[str, Message] | None:
    """Return (field to blame, why a voucher's currency keeps it from being offered), None where it does not."""
    if not is_foreign(voucher, place.currency):
        return None
    currencies = sorted({line.amount.currency for line in voucher.lines})
    if len(currencies) > 1:
        return "", msg(
            "The claim has amounts in {currencies}. Business Central takes one currency in a voucher, so divide"
            " the claim.",
            currencies=", ".join(currencies),
        )
    if voucher.kind == REIMBURSEMENT:
        return "", msg(
            "The reimbursement is in {currency}, and the company keeps its accounts in {local}. Payments in another"
            " currency cannot be sent to Business Central, so enter this one there.",
            currency=currencies[0],
            local=place.currency,
        )
    if not voucher.fields.get("vendor"):
        return "vendor", msg(
            "The claim is in {currency}, and the company keeps its accounts in {local}. Business Central takes it as"
            " a purchase invoice, and that needs a vendor: let the mapping fill Vendor.",
            currency=currencies[0],
            local=place.currency,
        )
    if total(voucher).minor < 0:
        return "", msg(
            "The claim comes to {amount} {currency}. A purchase invoice cannot be less than zero, so enter this claim"
            " in Business Central as a credit memo.",
            amount=amount(total(voucher).decimal()),
            currency=currencies[0],
        )
    return None
