"""What people decided about one record, and what was kept from it on purpose: parts of its story.

The story itself is told in record_story.py; deciding is decisions.py's business.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from integration_admin.core.actor import actor_label
from integration_admin.core.mapping import CATEGORY_PREFIX
from integration_admin.core.messages import Message, msg
from integration_admin.data.models import Failure, RecordRow, Run
from integration_admin.data.models_access import AuditEvent
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.mapping_words import category_label, exclusion_label
from integration_admin.services.record_tracking import DeliveryView
from integration_admin.services.run_exclusions import left_out_of

FOUND: Final = "record.found"
SENT_AGAIN: Final = "record.send_again"
PUT_RIGHT: Final = "record.put_right"
TAKEN_BACK: Final = "record.take_back"
_ACTIONS: Final = (FOUND, SENT_AGAIN, PUT_RIGHT, TAKEN_BACK)
_MOST: Final = 100
_WHOLE_RECORDS: Final = frozenset({"activities", "draft_activities"})
"""What is left out as records of their own, and never as a part of a claim."""


class Decided(NamedTuple):
    """One decision: when, what (an action of the audit log), about which integration, and in words."""

    at: datetime
    action: str
    integration_id: uuid.UUID
    sentence: Message


async def decisions_about(unit: Unit, record: RecordRow, failures: Sequence[Failure]) -> list[Decided]:
    """Return what people decided about a record, the oldest first; that it was dismissed is told by its failure.

    Only a record that failed can have been decided about. So the audit log, which has no index on what a line is
    about, is not read for any other.
    """
    if not failures:
        return []
    since = min(failure.created_at for failure in failures)
    target = f"{record.kind} {record.external_id}"
    lines = await unit.audit.page(AuditFilter(actions=_ACTIONS, since=since, target=target), None, _MOST)
    return [_decided(line) for line in reversed(lines)]


async def holding_back(unit: Unit, way: DeliveryView, since: datetime) -> tuple[datetime, Message]:
    """Return since when an excluded category keeps a record here, and who decided that, as far as it is known.

    `since` is when it was taken up: nothing kept it back before.
    """
    wanted = AuditFilter(actions=("exclusions.save",), integration_id=way.integration_id)
    key = f"{CATEGORY_PREFIX}{way.held_by}"
    for line in await unit.audit.page(wanted, None, _MOST):
        if key in _names(line, "new") and key not in _names(line, "old"):
            by = msg(
                "Held back from {name}: {person} left out the category “{category}”.",
                name=way.integration_name,
                person=actor_label(line.actor),
                category=category_label(way.held_by),
            )
            return max(line.at, since), by
    return since, msg("Held back from {name}.", name=way.integration_name)


def left_out_of_it(run: Run | None) -> Message | None:
    """Say what an export kept from the records it sent, if it kept anything from them."""
    scope = left_out_of(run.data_scope) if run else None
    names = [
        name
        for name in (scope.names if scope else ())
        if name not in _WHOLE_RECORDS and not name.startswith(CATEGORY_PREFIX)
    ]
    if not names:
        return None
    whole, *rest = [exclusion_label(name) for name in names]
    for label in rest:
        whole = Message("{first}, {second}", {"first": whole, "second": label})
    return msg("Left out of what was sent: {names}.", names=whole)


def _decided(line: AuditEvent) -> Decided:
    detail: Mapping[str, str] = line.detail
    person = actor_label(line.actor)
    sentences = {
        FOUND: msg(
            "{person} decided: it is there, as {number}.", person=person, number=detail.get("number", "")
        ),
        SENT_AGAIN: msg("{person} decided: it is not there, send it again.", person=person),
        PUT_RIGHT: msg("{person} decided: it is put right there.", person=person),
        TAKEN_BACK: msg("{person} decided: it is not dismissed any more.", person=person),
    }
    return Decided(line.at, line.action, uuid.UUID(detail["integration"]), sentences[line.action])


def _names(line: AuditEvent, which: str) -> Sequence[str]:
    told: Mapping[str, Sequence[str]] = line.detail.get(which) or {}
    return told.get("categories", ())
