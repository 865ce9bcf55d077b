"""What is said and done about planned exports that did not happen because nothing was running."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integration_admin.core.messages import Message, msg
from integration_admin.services.slots import Slot

ON_TIME = timedelta(minutes=2)
"""How late an export may begin and still count as being on time."""
ASK_AFTER = timedelta(days=7)
"""How long ago the newest missed export may have been to be made up for without asking a person."""


def missed_of(due: Sequence[Slot], now: datetime) -> list[Slot]:
    """Return those of the due slots that are too late to count as being on time."""
    return [slot for slot in due if now - slot.due_at > ON_TIME]


def announcement(missed: Sequence[Slot]) -> Message:
    """Say what one run makes up for; the time is that of the schedule's time zone."""
    return msg(
        "This export makes up for planned ones that were missed: {count}, the first on {since}.",
        count=len(missed),
        since=missed[0].local_time[:16].replace("T", " "),
    )


def with_announcement(announced: Mapping[str, Any] | None, summary: Message) -> Message:
    """Put what a run was announced with (its stored message, if any) before the summary of what it did."""
    if announced is None:
        return summary
    return msg("{announcement} {summary}", announcement=Message.from_json(announced), summary=summary)
