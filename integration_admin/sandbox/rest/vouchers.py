"""A voucher as the REST ledger takes it: its JSON, and why one is refused.

What has been booked is kept in ledger.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Final, LiteralString

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from integration_admin.core.errors import InvalidInput
from integration_admin.core.money import Money
from integration_admin.sandbox.xledger.chart import ACCOUNTS, CLOSED, SUM_ACCOUNTS

CHART: Final[Mapping[str, str]] = dict(ACCOUNTS)
"""Account code -> name. Of two accounts with one code, which only Xledger has, the last one counts."""

_UNKNOWN: LiteralString = "unknown_account"
_CLOSED: LiteralString = "closed_account"

# Amounts repeat, and reading one takes longer than all else that is done with it.
_money = lru_cache(maxsize=16_384)(Money.parse)


def _usable(code: str) -> str:
    """Return the code of an account that takes entries."""
    if code not in CHART:
        raise PydanticCustomError(_UNKNOWN, "There is no account {code}.", {"code": code})
    if code in CLOSED or code in SUM_ACCOUNTS:
        raise PydanticCustomError(_CLOSED, "Account {code} takes no entries.", {"code": code})
    return code


Account = Annotated[str, AfterValidator(_usable)]
Code = Annotated[str, Field(min_length=1, max_length=60)]
Text = Annotated[str, Field(max_length=200)]
Day = Annotated[date, Field(strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Line(_Part):
    """One debit line, or a credit where the amount is negative; `party` is whose account it changes."""

    account: Account
    amount: Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$")]
    text: Text | None = None
    vat_code: Code | None = None
    party: Code | None = None
    dimensions: dict[Code, Code] | None = None


class Credit(_Part):
    """Where the sum of the lines is credited; `party` is whom it is owed to."""

    account: Account
    party: Code | None = None


class Record(_Part):
    """One voucher; its lines and the credit balance by themselves."""

    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    date: Day
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    credit: Credit
    lines: Annotated[list[Line], Field(min_length=1, max_length=1_000)]
    text: Text | None = None
    number: Annotated[int, Field(ge=1, le=99_999_999)] | None = None
    due_date: Day | None = None
    document: Code | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """A voucher that was found in order; `total` is the sum of its lines in minor units."""

    reference: str
    currency: str
    total: int
    lines: int
    kept: bytes
    """The whole voucher as JSON."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a voucher was not booked; `field` is the path of what is wrong with it."""

    reference: str
    code: str
    message: str
    field: str

    def as_json(self) -> dict[str, str]:
        """Return what an answer says about it."""
        return {"code": self.code, "message": self.message, "field": self.field}


def check(raw: Any) -> Booking | Refusal:
    """Return the voucher `raw` (decoded JSON) describes, ready to be booked, or why it cannot be."""
    try:
        record = Record.model_validate(raw)
        amounts = [_money(line.amount, record.currency).minor for line in record.lines]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return Refusal(
            _reference(raw), first["type"], first["msg"], ".".join(str(step) for step in first["loc"])
        )
    except InvalidInput as error:
        return Refusal(_reference(raw), "bad_amount", str(error.message), "lines")
    kept = record.model_dump_json(exclude_none=True).encode()
    return Booking(record.reference, record.currency, sum(amounts), len(amounts), kept)


def _reference(raw: Any) -> str:
    """Return the reference of a voucher that may have any form."""
    reference = raw.get("reference") if isinstance(raw, dict) else None
    return reference if isinstance(reference, str) else ""
