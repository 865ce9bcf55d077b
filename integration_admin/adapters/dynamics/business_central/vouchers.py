"""A voucher in the company's currency as Business Central takes it: general journal lines with one document number.

Each cost line is a G/L line of its own, and one more line carries the whole amount to the employee, the
vendor or the account for what is owed. That line is not made a balancing account of the cost lines, though
that would save it: the open entry a payment is matched with is then one a claim, not one a line. Employee
lines cannot be read back from a journal; the other lines, of which every voucher has one, are what it is
found by there. In the ledger it is counted by the line of the whole amount, the only one whose description
ends in our number.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from integration_admin.adapters.base import Outcome, Result, Voucher, VoucherLine
from integration_admin.adapters.dynamics.business_central import foreign
from integration_admin.adapters.dynamics.business_central.batch import MOST, Operation
from integration_admin.adapters.dynamics.business_central.fields import DIMENSIONS, TEXT_LENGTH
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.references import LENGTH, short
from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import REIMBURSEMENT

MOST_LINES: Final = MOST - 1
_NUMBERS: Final = MOST
"""Line numbers kept for each voucher."""
_LAST_NUMBER: Final = (2**31 - 1) // _NUMBERS - 1
_REFERENCE_LENGTH: Final = 25
PENDING: Final = "Dimensions are still missing"
"""The comment of a voucher's first line until its dimensions are in: such a voucher is not whole yet."""

EMPLOYEE: Final = "Employee"
_LEDGER: Final = "G/L Account"
_CREDITORS: Final = (("vendor", "Vendor"), ("employee", EMPLOYEE), ("credit_account", _LEDGER))


def refusal(
    voucher: Voucher, place: Place | None, dimensions: tuple[str, ...], *, posts: bool
) -> Outcome | None:
    """Return why a voucher cannot even be offered to Business Central, or None.

    Without a place, what the company demands of currency and period is not judged.
    """
    field, message = _problem(voucher, place, dimensions, posts=posts)
    if message is None:
        return None
    return Outcome(voucher.reference, Result.REJECTED, message=message, fault=Fault.CONFIG, field=field)


def _problem(
    voucher: Voucher, place: Place | None, dimensions: tuple[str, ...], *, posts: bool
) -> tuple[str, Message | None]:
    """Return (field to blame, what is wrong)."""
    if len(voucher.reference) > _REFERENCE_LENGTH:
        return "", msg(
            "The reference {reference} is too long: Business Central could not find the voucher again.",
            reference=voucher.reference,
        )
    if not 0 < voucher.number <= _LAST_NUMBER:
        return "", msg("The voucher's number {number} is too large for a line number.", number=voucher.number)
    if len(voucher.lines) > MOST_LINES:
        return "", msg(
            "The claim has {count} lines. Business Central takes {most} in one go, so divide the claim.",
            count=len(voucher.lines),
            most=MOST_LINES,
        )
    if place is not None and (problem := foreign.problem(voucher, place)):
        return problem
    if creditor(voucher) is None or not voucher.lines:
        return "credit_account", msg(
            "Nobody is owed the money: the mapping fills neither vendor, employee nor account for what is owed."
        )
    return _problem_of_date(voucher, place, posts=posts) or _problem_of_dimensions(voucher, dimensions)


def _problem_of_date(
    voucher: Voucher, place: Place | None, *, posts: bool
) -> tuple[str, Message | None] | None:
    value = posting_date(voucher)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return "posted_date", msg(
            "“{value}” is not a date. Business Central wants it as 2026-11-05.", value=value
        )
    if day.isoformat() != value:
        return "posted_date", msg(
            "“{value}” is not a date. Business Central wants it as 2026-11-05.", value=value
        )
    if posts and place is not None and _is_closed(place, day):
        return "posted_date", msg(
            "Business Central takes no postings on {day}. Your accountant can open the period there under General"
            " Ledger Setup.",
            day=day,
        )
    return None


def _is_closed(place: Place, day: date) -> bool:
    """Tell whether the company takes no postings on a day."""
    too_early = place.open_from is not None and day < place.open_from
    too_late = place.open_to is not None and day > place.open_to
    return too_early or too_late


def _problem_of_dimensions(voucher: Voucher, dimensions: tuple[str, ...]) -> tuple[str, Message | None]:
    for name in DIMENSIONS[len(dimensions) :]:
        if any(line.fields.get(name) for line in voucher.lines):
            return name, msg(
                "The mapping fills {field}, but the settings do not say which dimension that is. Enter its code"
                " under Dimensions.",
                field=msg("Dimension {slot}", slot=name.rpartition("_")[2]),
            )
    return "", None


def creditor(voucher: Voucher) -> tuple[str, str, str] | None:
    """Return (our field, type of account, its number) of who is owed the money, None for nobody."""
    for field, kind in _CREDITORS:
        number = voucher.fields.get(field)
        if number:
            return field, kind, number
    return None


def posting_date(voucher: Voucher) -> str:
    """Return the day the voucher is booked on, as 2026-11-05."""
    return voucher.fields.get("posted_date") or voucher.date.isoformat()


def first_number(voucher: Voucher) -> int:
    """Return the number of the voucher's first line, the same one at every attempt.

    It is part of a line's primary key in the journal, so the same line never gets in twice.
    """
    return voucher.number * _NUMBERS


def lines(voucher: Voucher, dimensions: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the bodies of the voucher's lines: the debits first, the credit of the whole amount last.

    The type of an account stands before its number, which is checked against it. A claim owes somebody its
    credit; a reimbursement takes away what is owed, with its one debit, and credits what it was paid from.
    """
    _, kind, owed = creditor(voucher) or ("", _LEDGER, "")
    is_payment = voucher.kind == REIMBURSEMENT
    bodies = []
    for place, line in enumerate(voucher.lines):
        who = (kind, owed) if is_payment and kind != _LEDGER else (_LEDGER, line.fields["account"])
        bodies.append(_cost(voucher, line, first_number(voucher) + place, *who))
    if any(wanted_dimensions(line, dimensions) for line in voucher.lines):
        bodies[0]["comment"] = PENDING
    who = (_LEDGER, voucher.fields.get("credit_account", "")) if is_payment else (kind, owed)
    return [*bodies, _whole(voucher, first_number(voucher) + len(bodies), *who)]


def wanted_dimensions(line: VoucherLine, dimensions: tuple[str, ...]) -> dict[str, str]:
    """Return dimension code -> value code of a line."""
    slots = zip(DIMENSIONS, dimensions, strict=False)
    return {code: value for name, code in slots if (value := line.fields.get(name))}


def insertions(vouchers: Iterable[Voucher], place: Place, dimensions: tuple[str, ...]) -> list[Operation]:
    """Return the operations that put the vouchers' lines into the journal."""
    return [
        Operation(voucher.reference, "POST", f"{place.in_journal}/journalLines", body)
        for voucher in vouchers
        for body in lines(voucher, dimensions)
    ]


def packs(vouchers: Iterable[Voucher]) -> Iterator[list[Voucher]]:
    """Yield the vouchers, never a part of one, in packs that fit one batch."""
    pack: list[Voucher] = []
    operations = 0
    for voucher in vouchers:
        needed = len(voucher.lines) + 1
        if pack and operations + needed > MOST:
            yield pack
            pack, operations = [], 0
        pack.append(voucher)
        operations += needed
    if pack:
        yield pack


def _cost(voucher: Voucher, line: VoucherLine, number: int, kind: str, account: str) -> dict[str, Any]:
    body = _line(voucher, number, kind, account, line.amount)
    body["description"] = fitting(line.fields.get("text", ""), TEXT_LENGTH)
    if line.fields.get("tax_code"):
        body["taxCode"] = line.fields["tax_code"]
    return body


def _whole(voucher: Voucher, number: int, kind: str, account: str) -> dict[str, Any]:
    named = fitting(voucher.record_id, TEXT_LENGTH - LENGTH - 1)
    description = f"{named} {short(voucher.reference)}"
    return _line(voucher, number, kind, account, -foreign.total(voucher)) | {"description": description}


def _line(voucher: Voucher, number: int, kind: str, account: str, amount: Money) -> dict[str, Any]:
    return {
        "lineNumber": number,
        "accountType": kind,
        "accountNumber": account,
        "postingDate": posting_date(voucher),
        "documentNumber": short(voucher.reference),
        "externalDocumentNumber": voucher.reference,
        "amount": Decimal(amount.decimal()),
    }


def fitting(text: str, length: int) -> str:
    """Return as much of a text as fits `length` UTF-16 units, which is what Business Central counts."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * length:
        return text
    return encoded[: 2 * length].decode("utf-16-le", "ignore").rstrip()


def shown(voucher: Voucher, dimensions: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the voucher as previews show it: amounts as text with all their digits."""
    bodies = lines(voucher, dimensions)
    for body, line in zip(bodies, voucher.lines, strict=False):
        wanted = wanted_dimensions(line, dimensions)
        body["dimensionSetLines"] = [{"code": code, "valueCode": value} for code, value in wanted.items()]
        body.pop("comment", None)
    return {"journalLines": [body | {"amount": format(body["amount"], "f")} for body in bodies]}
