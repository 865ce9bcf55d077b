"""The records the expense system hands over: expense claims, reimbursements and activities.

Shapes are those of CONTRACT's record JSON. How they are stored or exported does not live here.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from integration_admin.core.errors import InvalidInput
from integration_admin.core.identifiers import is_bank_account
from integration_admin.core.money import Money
from integration_admin.core.typed_text import seen

EXPENSE_CLAIM: Final = "expense_claim"
REIMBURSEMENT: Final = "reimbursement"
DAY_FIELDS: Final = {EXPENSE_CLAIM: "approved_on", REIMBURSEMENT: "paid_on", "activity": "date"}
"""Where a record of each kind says from which day it is; a claim that nobody has approved does not say it."""

_QUANTITY = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST = 2_147_483_647  # what a database integer holds


def _nameable(value: str) -> str:
    """Refuse what shows nothing on a screen: nobody could tell, find or open it."""
    if not seen(value):
        detail = "must show something"
        raise ValueError(detail)
    return value


Identifier = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f][^\x00-\x1f]*$"),
    AfterValidator(_nameable),
]


def _without_zero(value: str) -> str:
    """Refuse the zero character, which PostgreSQL stores in no text."""
    if "\0" in value:
        detail = "must not hold the zero character"
        raise ValueError(detail)
    return value


Text = Annotated[str, AfterValidator(_without_zero)]
ShortText = Annotated[Text, Field(max_length=200)]
Code = Annotated[Text, Field(max_length=32)]


def _decimal_string(value: object) -> object:
    """Refuse numbers: a JSON float has already lost the amount that was meant."""
    if isinstance(value, (int, float)):
        detail = 'must be a decimal string such as "412.00", not a number'
        raise ValueError(detail)  # noqa: TRY004, pydantic reports ValueError as the field's own fault
    return value


def _quantity(value: str) -> str:
    """Refuse what is not a plain decimal number."""
    if not _QUANTITY.fullmatch(value):
        detail = 'must be a decimal string such as "3.5"'
        raise ValueError(detail)
    return value


def _calendar_date(value: object) -> object:
    """Refuse numbers and times: pydantic would read 0 as the first day of 1970."""
    if not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        detail = "must be a date such as 2026-11-01"
        raise ValueError(detail)
    return value


Amount = Annotated[str, BeforeValidator(_decimal_string), Field(max_length=18)]
Quantity = Annotated[str, BeforeValidator(_decimal_string), AfterValidator(_quantity)]
Day = Annotated[date, BeforeValidator(_calendar_date)]
Whole = Annotated[int, Field(strict=True)]
"""A JSON number and nothing that could be meant otherwise: pydantic would take true and "1" for 1."""
Revision = Annotated[Whole, Field(ge=1, le=_MOST)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Claimant(_Strict):
    """Who laid out the money."""

    id: Identifier
    name: ShortText
    email: ShortText | None = None
    bank_account: Annotated[str, Field(max_length=20)] | None = None

    @model_validator(mode="after")
    def _check_account(self) -> Self:
        if self.bank_account is not None and not is_bank_account(self.bank_account):
            detail = "bank_account is not a Norwegian account number"
            raise ValueError(detail)
        return self


class ClaimLine(_Strict):
    """One outlay of a claim."""

    line: Annotated[Whole, Field(ge=1, le=10_000)]
    date: Day
    category: Identifier
    description: ShortText = ""
    amount: Amount
    vat_code: Annotated[Text, Field(max_length=16)] | None = None
    cost_centre: Code | None = None
    project: Code | None = None
    kilometres: Quantity | None = None


class ExpenseClaim(_Strict):
    """A claim for money already spent; `total`, where given, must equal the sum of the lines."""

    kind: Literal["expense_claim"]
    id: Identifier
    revision: Revision
    status: Literal["draft", "submitted", "approved", "paid"]
    submitted_on: Day | None = None
    approved_on: Day | None = None
    currency: Currency
    claimant: Claimant
    department: Code | None = None
    project: Code | None = None
    purpose: ShortText = ""
    total: Amount | None = None
    lines: Annotated[list[ClaimLine], Field(min_length=1, max_length=400)]

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        amounts = [_money(line.amount, self.currency) for line in self.lines]
        total = sum(money.minor for money in amounts)
        if self.total is not None and _money(self.total, self.currency).minor != total:
            detail = "the lines do not add up to total"
            raise ValueError(detail)
        if len({line.line for line in self.lines}) != len(self.lines):
            detail = "two lines have the same number"
            raise ValueError(detail)
        if self.status in {"approved", "paid"} and self.approved_on is None:
            detail = "approved_on is missing on an approved claim"
            raise ValueError(detail)
        return self

    def amount(self) -> Money:
        """Return the sum of the lines."""
        return Money(self.currency, sum(_money(line.amount, self.currency).minor for line in self.lines))


class Reimbursement(_Strict):
    """A claim paid out."""

    kind: Literal["reimbursement"]
    id: Identifier
    revision: Revision
    claim_id: Identifier
    paid_on: Day
    currency: Currency
    amount: Amount
    claimant: Claimant
    reference: Annotated[Text, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _check_amount(self) -> Self:
        _money(self.amount, self.currency)
        return self


class Activity(_Strict):
    """Something the organisation did, reported without money."""

    kind: Literal["activity"]
    id: Identifier
    revision: Revision
    status: Literal["draft", "completed"]
    date: Day
    category: Identifier
    participants: Annotated[Whole, Field(ge=0, le=_MOST)] = 0
    hours: Quantity = "0"

    @model_validator(mode="after")
    def _check_hours(self) -> Self:
        if not 0 <= Decimal(self.hours) < 100_000:
            detail = "hours is out of range"
            raise ValueError(detail)
        return self


Record = Annotated[ExpenseClaim | Reimbursement | Activity, Field(discriminator="kind")]

# The outermost validator decides whether an error shows what was sent; it stands outside the models.
RECORD: TypeAdapter[ExpenseClaim | Reimbursement | Activity] = TypeAdapter(
    Record, config=ConfigDict(hide_input_in_errors=True)
)


def parse_record(raw: Any) -> ExpenseClaim | Reimbursement | Activity:
    """Validate one decoded JSON object; raises pydantic.ValidationError."""
    return RECORD.validate_python(raw)


def _money(amount: str, currency: str) -> Money:
    """Parse an amount so that its fault is reported on the record."""
    try:
        return Money.parse(amount, currency)
    except InvalidInput as error:
        # Without the amount itself: pydantic cannot say half a surrogate pair, and fails instead of refusing it.
        raise ValueError(error.message.template) from None
