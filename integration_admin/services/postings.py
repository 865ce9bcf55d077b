"""A voucher as an accountant reads it: entries with account, text, dimensions, debit and credit, whatever the system."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from integration_admin.adapters.base import Level, TargetField, Voucher, VoucherLine
from integration_admin.core.messages import Message
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.services.code_lookup import CodeLookup
from integration_admin.services.mapping_plans import is_free_text
from integration_admin.services.mapping_reimbursements import (
    ACCOUNT,
    CREDIT_ACCOUNT,
    PAYMENT_ACCOUNT,
    is_person,
)

Named = tuple[Message, str]
"""What a field is called, and its value; a code has the name behind it that the accounting system gives it."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry: either debit or credit is an amount above zero. Who is owed stands among the `details`.

    `account` is empty where the amount goes to a person's own account.
    """

    account: str
    text: str
    details: tuple[Named, ...]
    debit: Money | None
    credit: Money | None


def postings(voucher: Voucher, targets: Sequence[TargetField], codes: CodeLookup) -> tuple[Posting, ...]:
    """Return the entries a voucher becomes; the last one balances the others."""
    known = {target.name: target for target in targets}
    persons = [target for target in targets if is_person(target)]
    owed = list(_named(_chosen(voucher.fields, persons), voucher.fields, codes))
    is_payment = voucher.kind == REIMBURSEMENT
    lines = [_of_line(line, known, codes, extra=owed if is_payment else ()) for line in voucher.lines]
    total = sum(line.amount.minor for line in voucher.lines)
    account = known.get(PAYMENT_ACCOUNT if is_payment else CREDIT_ACCOUNT)
    balance = Posting(
        account=_code(account, voucher.fields.get(CREDIT_ACCOUNT, ""), codes),
        text=voucher.record_id,
        details=() if is_payment else tuple(owed),
        **_sides(Money(voucher.lines[0].amount.currency, -total)),
    )
    return (*lines, balance)


def heading(voucher: Voucher, targets: Sequence[TargetField], codes: CodeLookup) -> tuple[Named, ...]:
    """Return what holds for the whole voucher beside accounts and who is owed."""
    others = [
        target
        for target in targets
        if target.level is Level.VOUCHER
        and target.name not in {CREDIT_ACCOUNT, PAYMENT_ACCOUNT}
        and not is_person(target)
    ]
    return tuple(_named(_chosen(voucher.fields, others), voucher.fields, codes))


def _of_line(
    line: VoucherLine, known: Mapping[str, TargetField], codes: CodeLookup, extra: Iterable[Named]
) -> Posting:
    texts = [name for name in line.fields if name in known and is_free_text(known[name])]
    others = [known[name] for name in line.fields if name in known and name not in {ACCOUNT, *texts}]
    return Posting(
        account=_code(known.get(ACCOUNT), line.fields.get(ACCOUNT, ""), codes),
        text=" ".join(line.fields[name] for name in texts),
        details=(*_named(others, line.fields, codes), *extra),
        **_sides(line.amount),
    )


def _sides(amount: Money) -> dict[str, Money | None]:
    """Return an amount as a debit or, where it is negative, as a credit."""
    if amount.minor < 0:
        return {"debit": None, "credit": -amount}
    return {"debit": amount, "credit": None}


def _chosen(fields: Mapping[str, str], targets: Iterable[TargetField]) -> list[TargetField]:
    return [target for target in targets if fields.get(target.name)]


def _named(targets: Iterable[TargetField], fields: Mapping[str, str], codes: CodeLookup) -> Iterator[Named]:
    for target in targets:
        yield target.label, _code(target, fields[target.name], codes)


def _code(target: TargetField | None, code: str, codes: CodeLookup) -> str:
    """Return a code with its name behind it, where the accounting system's list has just one."""
    found = codes.find(target.reference, code) if target and target.reference and code else ()
    return f"{found[0].code} {found[0].name}" if len(found) == 1 else code
