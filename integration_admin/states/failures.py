"""A record that was not delivered, as pages draw it: why, and what is to be done about it."""

from typing import TypedDict

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.services.views import FailureView
from integration_admin.states.speech import Speech

_TO_DO = {
    DeliveryState.NEEDS_PERSON: "decide",
    DeliveryState.DELIVERED: "done",
    DeliveryState.REJECTED: "mend",
}


class FailureLine(TypedDict):
    """One record that was not delivered, and why; `todo` is mapping, mend, decide, there, done or wait."""

    kind: str
    record: str
    amount: str
    reason: list[tuple[str, bool]]
    """In parts, each with whether it is the accounting system's own English words."""
    todo: str
    integration: str


def failure_line(item: FailureView, speech: Speech, integration_id: str) -> FailureLine:
    """Turn a failure into a row, with what is to be done about it."""
    todo = "there" if item.fate is FateState.REJECTED else _TO_DO.get(item.state, "wait")
    return {
        "kind": item.record_kind,
        "record": item.record_id,
        "amount": speech.money(item.amount),
        "reason": speech.pieces(item.message),
        "todo": "mapping" if todo == "mend" and item.field else todo,
        "integration": f"/settings/integrations/{integration_id}",
    }
