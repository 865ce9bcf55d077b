"""A voucher and its lines, and how a line reads as an import item or a journal entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from sys import intern
from typing import Any, NamedTuple

from integration_admin.sandbox.xledger.catalogue import Row

Texts = tuple[str | None, str | None, str | None, str | None]
"""text, invoiceNumber, invoiceDate, dueDate."""


class VoucherState(StrEnum):
    """Where a voucher is between the mutation and the ledger."""

    STAGED = "staged"
    BOOKED = "booked"
    REJECTED = "rejected"


@dataclass(slots=True, eq=False)
class Voucher:
    """All lines one mutation sent under one trRegNumber; `staged_at` is in monotonic seconds."""

    owner: int
    number: int
    staged_at: float
    stamp: str
    lines: list["Line"] = field(default_factory=list)
    state: VoucherState = VoucherState.STAGED
    transaction_number: int | None = None

    @property
    def reference(self) -> str | None:
        """The first extIdentifier of its lines."""
        return next((line.ext_identifier for line in self.lines if line.ext_identifier), None)


class Decision(NamedTuple):
    """What becomes of a staged voucher at the local time `stamp`; without obstacles it is booked."""

    stamp: str
    obstacles: tuple[tuple[int, str], ...]
    """Place of the line in its voucher, counted from 0, and why it cannot be booked."""


@dataclass(slots=True, eq=False)
class Line:
    """One line; amounts are in øre (hundredths), `db_id` changes when the line is booked."""

    voucher: Voucher
    amount: int
    invoice_amount: int
    account: Row
    currency: Row
    posted_date: str
    texts: Texts
    ext_identifier: str | None = None
    dimensions: tuple[tuple[str, Row], ...] = ()
    """glObject slot -> the object value there."""
    project: Row | None = None
    tax_rule: Row | None = None
    subledger: Row | None = None
    job_level: Row | None = None
    source: Row | None = None
    db_id: int = 0

    def get(self, name: str, /) -> Any:
        """Return one GraphQL field of this line."""
        reader = _READERS.get(name)
        return None if reader is None else reader(self)

    def found(self) -> dict[str, Row]:
        """Return what the line points at by input field, as `line_of` takes it."""
        rows = {
            "account": self.account, "currency": self.currency, "project": self.project,
            "taxRule": self.tax_rule, "subledger": self.subledger, "jobLevel": self.job_level,
            "transactionSource": self.source,
        } | dict(self.dimensions)  # fmt: skip
        return {name: row for name, row in rows.items() if row is not None}

    def code_of_kind(self, kind: int) -> str | None:
        """Return the code this line has in the dimension with object kind `kind`."""
        wanted = str(kind)
        return next(
            (value["code"] for _, value in self.dimensions if value["objectKindDbId"] == wanted), None
        )


def line_of(
    voucher: Voucher,
    found: Mapping[str, Row],
    *,
    amounts: tuple[int, int],
    posted_date: str,
    texts: Texts,
    ext_identifier: str | None,
) -> Line:
    """Make a line of `voucher`; `found` is what it points at by input field.

    `amounts` are amount and invoiceAmount in øre. What many lines have in common is kept in memory once.
    """
    text, invoice_number, invoice_date, due_date = texts
    return Line(
        voucher=voucher,
        amount=amounts[0],
        invoice_amount=amounts[1],
        account=found["account"],
        currency=found["currency"],
        posted_date=intern(posted_date),
        texts=(text, invoice_number, _shared(invoice_date), _shared(due_date)),
        ext_identifier=_shared(ext_identifier),
        dimensions=tuple((name, row) for name, row in found.items() if name.startswith("glObject")),
        project=found.get("project"),
        tax_rule=found.get("taxRule"),
        subledger=found.get("subledger"),
        job_level=found.get("jobLevel"),
        source=found.get("transactionSource"),
    )


def _shared(text: str | None) -> str | None:
    return None if text is None else intern(text)


def money(minor: int) -> str:
    """Write an amount in hundredths as Xledger does: "-101.00"."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}"


def _slot(name: str) -> Callable[[Line], Row | None]:
    return lambda line: next((value for slot, value in line.dimensions if slot == name), None)


def _header(line: Line) -> Row:
    return {
        "transactionNumber": line.voucher.transaction_number,
        "postedDate": line.posted_date,
        "transactionSource": line.source,
    }


_READERS: dict[str, Callable[[Line], Any]] = {
    "dbId": lambda line: str(line.db_id),
    "ownerDbId": lambda line: line.voucher.owner,
    "trRegNumber": lambda line: line.voucher.number,
    "postedDate": lambda line: line.posted_date,
    "fiscalYear": lambda line: int(line.posted_date[:4]),
    "fiscalPeriod": lambda line: int(line.posted_date[5:7]),
    "amount": lambda line: money(line.amount),
    "invoiceAmount": lambda line: money(line.invoice_amount),
    "text": lambda line: line.texts[0],
    "invoiceNumber": lambda line: line.texts[1],
    "invoiceDate": lambda line: line.texts[2],
    "dueDate": lambda line: line.texts[3],
    "extIdentifier": lambda line: line.ext_identifier,
    "account": lambda line: line.account,
    "currency": lambda line: line.currency,
    "taxRule": lambda line: line.tax_rule,
    "project": lambda line: line.project,
    "subledger": lambda line: line.subledger,
    "jobLevel": lambda line: line.job_level,
    "transactionSource": lambda line: line.source,
    "transactionHeader": _header,
    "createdAt": lambda line: line.voucher.stamp,
    "modifiedAt": lambda line: line.voucher.stamp,
    **{f"glObject{place}": _slot(f"glObject{place}") for place in range(1, 6)},
}
