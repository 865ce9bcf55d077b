"""Another way in: one voucher a request in a nested form of its own, as systems have that are not made like ours.

Amounts and account numbers are JSON numbers, an answer of success is nothing but an address.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integration_admin.sandbox.rest.simulation import Simulation
from integration_admin.sandbox.rest.vouchers import Booking, Refusal, check

DESCRIPTION_LENGTH = 100


def _short(text: str) -> str:
    """Return a text of at most 100 characters as databases of this kind count them (UTF-16)."""
    if len(text.encode("utf-16-le")) // 2 > DESCRIPTION_LENGTH:
        detail = f"Longer than {DESCRIPTION_LENGTH} characters."
        raise ValueError(detail)
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Account(_Part):
    number: int


class _Dimension(_Part):
    type: str
    value: str


class _Entry(_Part):
    account: _Account
    amount: Annotated[Decimal, Field(strict=False)]
    description: Annotated[str, AfterValidator(_short)]
    dimensions: list[_Dimension] = []


class _Header(_Part):
    external_ref: Annotated[str, Field(alias="externalRef", max_length=36)]
    posting_date: Annotated[str, Field(alias="postingDate", pattern=r"^\d{4}-\d\d-\d\d$")]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class _Journal(_Part):
    header: _Header
    entries: Annotated[list[_Entry], Field(min_length=2)]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Journals:
    """The handler over one simulation."""

    simulation: Simulation

    async def post(self, request: Request) -> Response:
        """Book a journal whose last entry balances the others."""
        caller = self.simulation.caller(request)
        if not caller.may_write:
            return _refuse(403, "You may only read.", "")
        try:
            content = json.loads(await request.body(), parse_float=Decimal)
            record = _as_record(_Journal.model_validate(content))
        except (ValueError, RecursionError) as error:
            return _refuse(422, *_why(error))
        checked = check(record)
        if isinstance(checked, Refusal):
            self.simulation.errors[checked.code] += 1
            return _refuse(422, checked.message, checked.field)
        return self._book(checked)

    def _book(self, booking: Booking) -> Response:
        [voucher_id] = self.simulation.ledger.book([booking])
        return Response(status_code=201, headers={"Location": f"/api/vouchers/{voucher_id}"})


def _as_record(journal: _Journal) -> dict[str, Any]:
    """Return the journal as a voucher of /api/vouchers; raises ValueError unless it balances."""
    *debits, credit = journal.entries
    if sum((entry.amount for entry in journal.entries), Decimal()):
        detail = "The entries do not balance."
        raise ValueError(detail)
    return {
        "reference": journal.header.external_ref,
        "date": journal.header.posting_date,
        "currency": journal.header.currency,
        "credit": {"account": str(credit.account.number)},
        "lines": [_as_line(entry) for entry in debits],
    }


def _as_line(entry: _Entry) -> dict[str, Any]:
    line: dict[str, Any] = {
        "account": str(entry.account.number),
        "amount": format(entry.amount, "f"),
        "text": entry.description,
    }
    if entry.dimensions:
        line["dimensions"] = {dimension.type: dimension.value for dimension in entry.dimensions}
    return line


def _why(error: Exception) -> tuple[str, str]:
    """Return the words and the place of the first thing that is wrong."""
    if not isinstance(error, ValidationError):
        return str(error), ""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return first["msg"], "/".join(str(step) for step in first["loc"])


def _refuse(status: int, words: str, place: str) -> Response:
    return JSONResponse({"fault": {"problems": [{"text": words, "at": place}]}}, status)
