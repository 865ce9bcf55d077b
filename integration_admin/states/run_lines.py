"""Runs and their records as rows, in the words of whoever reads them."""

from typing import TypedDict

from integration_admin.core.messages import msg
from integration_admin.core.statuses import Trigger
from integration_admin.services.mapping_words import exclusion_label
from integration_admin.services.run_records import RunRecordView
from integration_admin.services.views import RunView
from integration_admin.states.records import record_address
from integration_admin.states.speech import Speech

_BY_PERSONS = (Trigger.MANUAL, Trigger.RETRY)


class RunLine(TypedDict):
    """One run as a row; `started_by` is empty for what the schedule started."""

    id: str
    href: str
    at: str
    trigger: str
    state: str
    delivered: str
    failed: str
    amounts: str
    took: str
    started_by: str
    summary: str
    resumed: str
    left_out: str
    excluded_sent: str


class RunRecordLine(TypedDict):
    """One record of a run; `now` is where it is by now."""

    key: str
    record: str
    href: str
    amount: str
    exported: bool
    reason: list[tuple[str, bool]]
    """In parts, each with whether it is the accounting system's own English words."""
    now: str
    reference: str
    external_id: str
    voucher_href: str


def run_line(run: RunView, speech: Speech) -> RunLine:
    """Turn a run into a row."""
    left_out = run.left_out
    return {
        "id": str(run.id),
        "href": f"/settings/integrations/{run.integration_id}/runs/{run.id}",
        "at": speech.instant(run.requested_at),
        "trigger": str(run.trigger),
        "state": str(run.state),
        "delivered": speech.number(run.delivered),
        "failed": speech.number(run.rejected + run.waiting + run.unknown),
        "amounts": ", ".join(speech.money(money) for money in run.amounts),
        "took": speech.duration(run.seconds),
        "started_by": speech.person(run.started_by) if run.trigger in _BY_PERSONS else "",
        "summary": speech.say(run.message),
        "resumed": _resumed(run.resumed, speech),
        "left_out": ", ".join(speech.say(exclusion_label(name)) for name in left_out.names)
        if left_out
        else "",
        "excluded_sent": speech.number(left_out.sent) if left_out else "",
    }


def _resumed(times: int, speech: Speech) -> str:
    """Say how often a run was interrupted, or nothing for one that was not."""
    if times <= 1:
        return speech.say(msg("Taken up again once after the program had stopped.")) if times else ""
    return speech.say(msg("Taken up again {count} times after the program had stopped.", count=times))


def record_line(item: RunRecordView, speech: Speech) -> RunRecordLine:
    """Turn a record of a run into a row."""
    return {
        "key": f"{item.kind}/{item.id}",
        "record": item.id,
        "href": record_address(item.kind, item.id),
        "amount": speech.money(item.amount) if item.amount else "",
        "exported": item.exported,
        "reason": speech.pieces(item.reason),
        "now": item.state.value if item.state else "",
        "reference": item.reference,
        "external_id": item.external_id,
        "voucher_href": item.voucher_url,
    }
