"""A voucher as Xledger's import queue takes it, and how many go into one mutation.

Debits are positive and credits negative; a voucher's nodes add up to zero and share one trRegNumber.
Who is owed stands on the line with the account for what is owed: a claim's credit line, a reimbursement's debit.
Our reference (extIdentifier) stands on the credit line alone, of which every voucher has exactly one:
so the number of entries found under a reference is the number of times the voucher was booked, however
many entries Xledger makes of the other lines (it splits tax off them).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add
from typing import Any, Final

from integration_admin.adapters.base import Outcome, Result, Voucher, VoucherLine
from integration_admin.adapters.xledger.fields import GL_OBJECTS
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT

MAX_NODES: Final = 500
"""Nodes in one mutation at the most (Xledger UK help centre, general tips)."""
HOME_CURRENCY: Final = "NOK"
"""What `amount` is counted in; an amount in another currency goes out as `invoiceAmount` alone."""

_DECIMALS: Final = 2
"""Decimals of an amount at the most (Xledger UK help centre, type MoneyString); rounding would change money."""

_BY_ID = re.compile(r"dbId:([0-9]{1,18})")

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Booking:
    """How Xledger is to file vouchers: the transaction source's code and the job level's dbSubId."""

    transaction_source: str = "GL"
    job_level: int = 1


def refusal(voucher: Voucher) -> Outcome | None:
    """Return why a voucher cannot even be offered to Xledger, or None."""
    if len(voucher.lines) >= MAX_NODES:
        return _refused(
            voucher,
            "",
            msg(
                "The claim has {count} lines. Xledger takes {most} in one voucher, so divide the claim.",
                count=len(voucher.lines),
                most=MAX_NODES - 1,
            ),
        )
    for field in ("posted_date", "due_date"):
        value = voucher.fields.get(field)
        if value and not _is_date(value):
            return _refused(
                voucher, field, msg("“{value}” is not a date. Xledger wants it as 2026-11-05.", value=value)
            )
    return _too_fine(voucher)


def inputs(voucher: Voucher, booking: Booking) -> list[dict[str, Any]]:
    """Return the voucher's nodes with their client ids: the lines first, the credit line last."""
    nodes = [*(_debit(voucher, line, booking) for line in voucher.lines), _credit(voucher, booking)]
    return [
        {"clientId": client_id, "node": node}
        for client_id, node in zip(client_ids(voucher), nodes, strict=True)
    ]


def client_ids(voucher: Voucher) -> list[str]:
    """Return what tells the voucher's nodes apart within one mutation, the credit line's last."""
    return [f"{voucher.reference}.{place}" for place in range(1, len(voucher.lines) + 2)]


def packs(vouchers: Iterable[Voucher]) -> Iterator[list[Voucher]]:
    """Yield the vouchers, never a part of one, in packs that fit one mutation."""
    pack: list[Voucher] = []
    nodes = 0
    for voucher in vouchers:
        needed = len(voucher.lines) + 1
        if pack and nodes + needed > MAX_NODES:
            yield pack
            pack, nodes = [], 0
        pack.append(voucher)
        nodes += needed
    if pack:
        yield pack


def smaller(pack: Sequence[Voucher]) -> list[list[Voucher]]:
    """Divide a pack that was refused as a whole: into tens, and ten or fewer into single vouchers.

    One bad voucher among a hundred so costs 22 requests, a hundred bad ones 122.
    """
    size = 10 if len(pack) > 10 else 1
    return [list(pack[start : start + size]) for start in range(0, len(pack), size)]


def _debit(voucher: Voucher, line: VoucherLine, booking: Booking) -> Node:
    node = _common(voucher, line.amount, booking)
    node |= {"account": _key(line.fields["account"]), "text": line.fields.get("text", "")}
    for field, name in (("tax_rule", "taxRule"), ("project", "project"), *_SLOTS):
        if line.fields.get(field):
            node[name] = _key(line.fields[field])
    return node | _owed(voucher) if voucher.kind == REIMBURSEMENT else node


def _credit(voucher: Voucher, booking: Booking) -> Node:
    node = _common(voucher, -reduce(add, (line.amount for line in voucher.lines)), booking)
    node |= {
        "account": _key(voucher.fields["credit_account"]),
        "text": voucher.record_id,
        "extIdentifier": voucher.reference,
    }
    if voucher.kind == REIMBURSEMENT:
        return node
    if voucher.fields.get("due_date"):
        node["dueDate"] = voucher.fields["due_date"]
    return node | _owed(voucher)


def _owed(voucher: Voucher) -> Node:
    """Return what says whose account for what is owed a line changes."""
    subledger = voucher.fields.get("subledger")
    return {"subledger": _key(subledger)} if subledger else {}


def _common(voucher: Voucher, amount: Money, booking: Booking) -> Node:
    """Return what every node of a voucher carries."""
    node: Node = {
        "trRegNumber": voucher.number,
        "transactionSource": {"code": booking.transaction_source},
        "jobLevel": {"dbSubId": booking.job_level},
        "postedDate": voucher.fields.get("posted_date") or voucher.date.isoformat(),
        "invoiceAmount": amount.decimal(),
        "currency": {"code": amount.currency},
    }
    if amount.currency == HOME_CURRENCY:
        node["amount"] = amount.decimal()
    if voucher.fields.get("invoice_number"):
        node["invoiceNumber"] = voucher.fields["invoice_number"]
    return node


_SLOTS = tuple((name, f"glObject{slot}") for slot, name in enumerate(GL_OBJECTS, start=1))


def _key(code: str) -> dict[str, str | int]:
    """Return how Xledger finds a code; `dbId:123` names one of several entries that share a code."""
    by_id = _BY_ID.fullmatch(code)
    return {"dbId": int(by_id[1])} if by_id else {"code": code}


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _too_fine(voucher: Voucher) -> Outcome | None:
    """Return why amounts cannot be sent as exactly as they are, or None."""
    amount = voucher.lines[0].amount
    decimals = len(amount.decimal().partition(".")[2])
    if decimals <= _DECIMALS:
        return None
    message = msg(
        "An amount in {currency} has {decimals} decimals, and Xledger takes {most}. Enter this one in Xledger by"
        " hand.",
        currency=amount.currency,
        decimals=decimals,
        most=_DECIMALS,
    )
    return _refused(voucher, "", message)


def _refused(voucher: Voucher, field: str, message: Message) -> Outcome:
    return Outcome(voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG, field=field)
