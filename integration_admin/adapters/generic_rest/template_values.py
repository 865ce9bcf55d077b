"""The values a template can ask for, and how each is written: as text, as a number, or within a length.

How a template is put together is in template.py.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from integration_admin.adapters.base import Voucher, VoucherLine
from integration_admin.adapters.generic_rest.targets import DIMENSIONS
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT

TARGETS: Final = {
    "date": "posted_date",
    "credit_party": "party",
    "line_party": "party",
}
"""The target field that is to blame for a value, where it is not of the same name."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")
_LEADING_ZERO: Final = re.compile(r"-?0[0-9]")
AMOUNTS: Final = frozenset({"amount", "total", "credit_total"})
_SHORTENED: Final = frozenset({"text"})
"""Sentences for people; they may be cut, codes may not."""
LINE_NAMES: Final = frozenset(
    {"account", "amount", "text", "vat_code", "line_number", "line_party", *DIMENSIONS}
)
VOUCHER_NAMES: Final = frozenset(
    {
        "reference", "number", "record_id", "kind", "date", "due_date", "currency", "total", "credit_total",
        "credit_account", "party", "credit_party", "document",
    }
)  # fmt: skip

Value = str | int | Money


class Unfit(Exception):
    """A value cannot be written where the template wants it; `name` is the value's."""

    def __init__(self, name: str, message: Message) -> None:
        super().__init__(str(message))
        self.name = name
        self.message = message


def of_voucher(voucher: Voucher) -> dict[str, Value]:
    """Return the values of the whole voucher; a reimbursement's party is not that of its credit."""
    fields = voucher.fields
    total = Money(voucher.lines[0].amount.currency, sum(line.amount.minor for line in voucher.lines))
    is_claim = voucher.kind != REIMBURSEMENT
    return {
        "reference": voucher.reference,
        "number": voucher.number,
        "record_id": voucher.record_id,
        "kind": voucher.kind,
        "date": fields.get("posted_date") or voucher.date.isoformat(),
        "due_date": fields.get("due_date", ""),
        "currency": total.currency,
        "total": total,
        "credit_total": -total,
        "credit_account": fields.get("credit_account", ""),
        "party": fields.get("party", ""),
        "credit_party": fields.get("party", "") if is_claim else "",
        "document": fields.get("document", ""),
    }


def of_line(voucher: Voucher, number: int, line: VoucherLine) -> dict[str, Value]:
    """Return the values of one line; `number` counts from 1."""
    fields = line.fields
    owes = voucher.kind == REIMBURSEMENT
    return {
        "account": fields.get("account", ""),
        "amount": line.amount,
        "text": fields.get("text", ""),
        "vat_code": fields.get("vat_code", ""),
        "line_number": number,
        "line_party": voucher.fields.get("party", "") if owes else "",
        **{name: fields.get(name, "") for name in DIMENSIONS},
    }


def written(name: str, kind: str, values: Mapping[str, Value]) -> str | int | Decimal:
    """Return a value as `kind` asks: `number`, `minor` for the smallest unit, a length, or plain text.

    An empty value is an empty string. Raises Unfit.
    """
    value = values[name]
    if kind == "minor" and isinstance(value, Money):
        return value.minor
    text = value.decimal() if isinstance(value, Money) else str(value)
    if kind == "number":
        return _number(name, text) if text else ""
    return _within(name, text, int(kind)) if kind else text


def _number(name: str, text: str) -> int | Decimal:
    """Return a number; raises Unfit for what is none, and for a code that would become another one: 0710 is not 710."""
    if not _NUMBER.fullmatch(text):
        raise Unfit(
            name,
            msg("“{value}” is not a number, and the accounting system wants one there.", value=text[:60]),
        )
    if _LEADING_ZERO.match(text):
        sentence = msg(
            "“{value}” begins with a zero, which would be lost in the number the accounting system wants there.",
            value=text[:60],
        )
        raise Unfit(name, sentence)
    return Decimal(text) if "." in text else int(text)


def _within(name: str, text: str, most: int) -> str:
    """Return a text that fits; lengths count as most systems count them, an emoji as two (UTF-16)."""
    if _length(text) <= most:
        return text
    if name not in _SHORTENED:
        raise Unfit(
            name,
            msg(
                "“{value}” is longer than the {count} characters there is room for.",
                value=text[:60],
                count=most,
            ),
        )
    while _length(text) >= most:
        text = text[:-1]
    # What joined or coloured the character that was cut away would stand alone.
    return text.rstrip(" \u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff") + "…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
