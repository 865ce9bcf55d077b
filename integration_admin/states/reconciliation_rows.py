"""Comparisons of months as rows of a page, in one reader's words."""

from typing import TypedDict

from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.services.reconciliation import PeriodView
from integration_admin.services.reconciliation_report import (
    FINDINGS,
    LineView,
    ReconciliationView,
    month,
)
from integration_admin.states.records import record_address
from integration_admin.states.speech import Speech

NEVER = msg("This month has not been compared yet.")


class PeriodRow(TypedDict):
    """One month; `state` is empty where it was never compared."""

    period: str
    month: str
    href: str
    state: str
    sentence: str
    at: str
    signed: str


class SumRow(TypedDict):
    """Both sides of one currency."""

    currency: str
    count_here: str
    sum_here: str
    count_there: str
    sum_there: str
    difference: str


class FindingRow(TypedDict):
    """How many vouchers of one currency compare in one way."""

    key: str
    finding: str
    count: str
    sum: str


class LineRow(TypedDict):
    """One voucher that does not simply agree."""

    key: str
    record: str
    href: str
    finding: str
    here: str
    there: str
    reference: str
    external_id: str


class VersionRow(TypedDict):
    """Another comparison of the same month that is kept."""

    id: str
    name: str
    text: str


def period_row(one: PeriodView, integration_id: str, speech: Speech) -> PeriodRow:
    """Return one month as a row."""
    newest, signed = one.newest, one.signed
    return PeriodRow(
        period=one.period,
        month=speech.write(month(one.period)),
        href=f"/settings/integrations/{integration_id}/reconciliation/{one.period}",
        state=newest.state.value if newest else "",
        sentence=speech.say(newest.sentence if newest else NEVER),
        at=speech.instant(newest.finished_at) if newest else "",
        signed=speech.say(signature(signed, speech)) if signed else "",
    )


def signature(view: ReconciliationView, speech: Speech) -> Message | None:
    """Return who signed a comparison and when, if anybody has."""
    if view.signed_at is None:
        return None
    return msg("Signed off by {person}, {time}", person=view.signed_by, time=speech.instant(view.signed_at))


def version_row(view: ReconciliationView, speech: Speech) -> VersionRow:
    """Return one comparison of a month as a row."""
    signed = speech.say(signature(view, speech))
    name = speech.say(msg("Version {number}", number=view.version))
    text = f"{name}, {speech.instant(view.begun_at)}. {speech.say(view.sentence)} {signed}".strip()
    return VersionRow(id=str(view.id), name=name, text=text)


def sum_rows(view: ReconciliationView, speech: Speech) -> list[SumRow]:
    """Return both sides of every currency."""
    here = {one.sum.currency: one for one in view.here}
    there = {one.sum.currency: one for one in view.there}
    rows = []
    for currency in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(currency), there.get(currency)
        none = Money(currency, 0)
        difference = (theirs.sum if theirs else none) + -(ours.sum if ours else none)
        rows.append(
            SumRow(
                currency=currency,
                count_here=speech.number(ours.count if ours else 0),
                sum_here=speech.money(ours.sum if ours else none),
                count_there=speech.number(theirs.count if theirs else 0),
                sum_there=speech.money(theirs.sum if theirs else none),
                difference=speech.money(difference),
            )
        )
    return rows


def finding_rows(view: ReconciliationView, speech: Speech) -> list[FindingRow]:
    """Return how many vouchers compare in each way."""
    return [
        FindingRow(
            key=f"{one.finding}-{total.sum.currency}",
            finding=speech.say(FINDINGS[one.finding]),
            count=speech.number(total.count),
            sum=speech.money(total.sum),
        )
        for one in view.findings
        for total in one.totals
    ]


def line_row(line: LineView, speech: Speech) -> LineRow:
    """Return one voucher as a row."""
    is_claim = line.kind == EXPENSE_CLAIM
    kind = speech.say(msg("Expense claim") if is_claim else msg("Reimbursement"))
    return LineRow(
        key=line.reference,
        record=f"{kind} {line.record}",
        href=record_address(line.kind, line.record),
        finding=speech.say(FINDINGS[line.finding]),
        here=speech.money(line.here),
        there=_there(line, speech),
        reference=line.reference,
        external_id=line.external_id,
    )


def _there(line: LineView, speech: Speech) -> str:
    if not line.count_there:
        return speech.say(msg("Nothing"))
    told = " + ".join(speech.money(money) for money in line.there or ())
    told = told or speech.say(msg("Amount not given"))
    return f"{speech.number(line.count_there)} × {told}" if line.count_there > 1 else told
