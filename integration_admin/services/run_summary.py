"""How a run went: the state it ends in, and the one sentence that says so."""

from collections.abc import Mapping

from integration_admin.core.messages import Message, amount, msg
from integration_admin.core.statuses import DeliveryState, RunState
from integration_admin.services.export_outcomes import Tally

OPEN_STATES = frozenset(DeliveryState) - {DeliveryState.DELIVERED}
"""The states a run's sentence may have to speak of."""


def is_settled(rejected: int, unknown: int, *, any_open: bool) -> bool:
    """Tell whether people have settled since all that a failed run left behind; `any_open` says that something is not."""
    return rejected + unknown > 0 and not any_open


def final_state(
    tally: Tally, left: Mapping[DeliveryState, int], problem: Message | None, *, cancelled: bool
) -> RunState:
    """Succeeded means: all that was tried is delivered, and nothing is in doubt from earlier either."""
    if cancelled:
        return RunState.CANCELLED
    if problem is None and tally.troubled == 0 and _in_doubt(left) == 0:
        return RunState.SUCCEEDED
    return RunState.PARTLY_FAILED if tally.delivered else RunState.FAILED


def _in_doubt(left: Mapping[DeliveryState, int]) -> int:
    states = (DeliveryState.UNKNOWN, DeliveryState.NEEDS_PERSON, DeliveryState.SENDING)
    return sum(left.get(state, 0) for state in states)


def summary(tally: Tally, left: Mapping[DeliveryState, int], *, cancelled: bool) -> Message:
    """Say in one sentence how the run went, and why when nothing was exported."""
    if cancelled:
        return msg("Cancelled after {delivered} exported records.", delivered=amount(str(tally.delivered)))
    if tally.delivered or tally.troubled:
        return _counted(tally)
    return _nothing_new(left)


def _counted(tally: Tally) -> Message:
    """Say what was exported, and what was not as far as there is any."""
    told = msg("Exported: {count}.", count=tally.delivered)
    if tally.rejected:
        told = msg("{told} Failed: {count}.", told=told, count=tally.rejected)
    if tally.waiting:
        told = msg("{told} Waiting to be tried again: {count}.", told=told, count=tally.waiting)
    if tally.unknown:
        told = msg("{told} Outcome not known yet: {count}.", told=told, count=tally.unknown)
    return told


def _nothing_new(left: Mapping[DeliveryState, int]) -> Message:
    """Say why nothing was exported, the most pressing reason first."""
    if undecided := left.get(DeliveryState.NEEDS_PERSON, 0):
        return msg("Nothing new to export. Records that wait for your decision: {count}.", count=undecided)
    if in_doubt := _in_doubt(left):
        return msg("Nothing new to export. Records whose outcome is being checked: {count}.", count=in_doubt)
    if refused := left.get(DeliveryState.REJECTED, 0):
        return msg("Nothing new to export. Records that failed earlier and need you: {count}.", count=refused)
    if waiting := left.get(DeliveryState.RETRY_WAIT, 0):
        return msg("Nothing new to export. Records that are tried again later: {count}.", count=waiting)
    if held_back := left.get(DeliveryState.READY, 0):
        # A run that was not cut short leaves nothing else ready.
        return msg(
            "Nothing to export. Records that stay because an expense category is left out: {count}.",
            count=held_back,
        )
    return msg("Nothing to export: no approved claims or reimbursements were waiting.")
