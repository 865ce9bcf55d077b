"""What happened to one record, told in order: each attempt in words and as data, as much as the reader may see.

Where the record is now is record_tracking.py's answer; what can be done about it is done on the integration's page.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from integration_admin.core.actor import Actor, actor_label
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FateState, Trigger
from integration_admin.data.database import Database
from integration_admin.data.models import Delivery, Failure, RecordRow, Run
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.failure_causes import dismissed_words
from integration_admin.services.record_tracking import DeliveryView, RecordTracking, TrackedRecord
from integration_admin.services.story_decisions import (
    FOUND,
    Decided,
    decisions_about,
    holding_back,
    left_out_of_it,
)
from integration_admin.services.visible_records import visible_to


class Chapter(StrEnum):
    """What kind of thing happened."""

    RECEIVED = "received"
    REVISED = "revised"
    FAILED = "failed"
    HELD = "held"
    DECIDED = "decided"
    LEFT_OUT = "left_out"
    SENT = "sent"
    DELIVERED = "delivered"
    BOOKED = "booked"
    REFUSED = "refused"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """One thing that happened, was decided or is about to happen.

    `reason` is the accounting system's or ours, where something failed or is held back.
    """

    at: datetime
    chapter: Chapter
    sentence: Message
    reason: Message | None = None
    integration_id: uuid.UUID | None = None
    run_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class RecordStory:
    """One record, where it is, what happened to it in order, and as much of its record JSON as the reader may see."""

    tracked: TrackedRecord
    events: tuple[StoryEvent, ...]
    visible: Mapping[str, Any]


class RecordStories:
    """Tells what happened to records."""

    def __init__(self, database: Database, tracking: RecordTracking) -> None:
        self._database = database
        self._tracking = tracking

    async def tell(self, actor: Actor, kind: str, record_id: str) -> RecordStory:
        """Return the story of one record; raises NotFound."""
        tracked = await self._tracking.get(actor, kind, record_id)
        async with self._database.read(actor.organisation_id) as unit:
            row = await unit.records.get(kind, record_id)
            deliveries = await unit.deliveries.of_record(row.id)
            failures = await unit.run_records.story_of(row.id)
            decisions = await decisions_about(unit, row, failures)
            held = await _held(unit, deliveries, tracked.deliveries)
            runs = await unit.runs.by_ids({failure.run_id for failure in failures} | _runs_of(deliveries))
        names = {view.integration_id: view.integration_name for view in tracked.deliveries}
        # What was taken up only since the record was read belongs to the next look.
        deliveries = [delivery for delivery in deliveries if delivery.integration_id in names]
        events = [
            *_arrival(row),
            *(_failed(failure, names, runs.get(failure.run_id)) for failure in failures),
            *(
                StoryEvent(one.at, Chapter.DECIDED, one.sentence, None, one.integration_id)
                for one in decisions
            ),
            *(
                StoryEvent(failure.dismissed_at, Chapter.DECIDED, said, None, failure.integration_id)
                for failure in failures
                if failure.dismissed_at and (said := dismissed_words(failure))
            ),
            *held,
            *(event for delivery in deliveries for event in _way(delivery, names, runs, decisions)),
        ]
        events.sort(key=lambda event: event.at)
        return RecordStory(tracked, tuple(events), visible_to(actor, tracked.payload))


def _runs_of(deliveries: list[Delivery]) -> set[uuid.UUID]:
    return {delivery.run_id for delivery in deliveries if delivery.run_id is not None}


def _arrival(row: RecordRow) -> Iterator[StoryEvent]:
    yield StoryEvent(row.received_at, Chapter.RECEIVED, msg("Received from the expense system."))
    if row.updated_at > row.received_at:
        yield StoryEvent(
            row.updated_at,
            Chapter.REVISED,
            msg("Revision {revision} came from the expense system.", revision=row.revision),
        )


def _failed(failure: Failure, names: Mapping[uuid.UUID, str], run: Run | None) -> StoryEvent:
    sentence = msg(
        "Not exported to {name}, in an export started by {starter}.",
        name=names.get(failure.integration_id, ""),
        starter=_starter(run),
    )
    return StoryEvent(
        failure.created_at,
        Chapter.FAILED,
        sentence if run else msg("Not exported to {name}.", name=names.get(failure.integration_id, "")),
        Message.from_json(failure.message),
        failure.integration_id,
        failure.run_id,
    )


async def _held(
    unit: Unit, deliveries: Sequence[Delivery], views: Sequence[DeliveryView]
) -> list[StoryEvent]:
    """Tell what is held back on purpose, payments of claims that are held back among it."""
    since = {delivery.integration_id: delivery.updated_at for delivery in deliveries}
    events = []
    for view in views:
        if view.held_by and view.integration_id in since:
            at, sentence = await holding_back(unit, view, since[view.integration_id])
            events.append(StoryEvent(at, Chapter.HELD, sentence, view.reason, view.integration_id))
    return events


def _starter(run: Run | None) -> Message | str:
    if run is None or run.trigger in {Trigger.SCHEDULE, Trigger.CATCH_UP}:
        return msg("the schedule")
    return actor_label(run.started_by)


def _way(
    delivery: Delivery,
    names: Mapping[uuid.UUID, str],
    runs: Mapping[uuid.UUID, Run],
    decisions: Sequence[Decided],
) -> Iterator[StoryEvent]:
    """Tell what is known of the way to one accounting system: the first and the last time it was sent, and its end."""
    name, about = names[delivery.integration_id], (delivery.integration_id, delivery.run_id)
    run = runs.get(delivery.run_id) if delivery.run_id else None
    if delivery.first_sent_at and delivery.sent_at and delivery.first_sent_at < delivery.sent_at:
        yield StoryEvent(
            delivery.first_sent_at,
            Chapter.SENT,
            msg("Sent to {name} for the first time.", name=name),
            None,
            delivery.integration_id,
        )
    if delivery.sent_at:
        sent = msg(
            "Sent to {name}, attempt {attempt}, in an export started by {starter}.",
            name=name,
            attempt=delivery.attempts,
            starter=_starter(run),
        )
        yield StoryEvent(delivery.sent_at, Chapter.SENT, sent, None, *about)
        if kept := left_out_of_it(run):
            yield StoryEvent(delivery.sent_at, Chapter.LEFT_OUT, kept, None, *about)
    found = [
        one.at for one in decisions if one.action == FOUND and one.integration_id == delivery.integration_id
    ]
    yield from _end(delivery, name, about, max(found, default=None))


def _end(
    delivery: Delivery, name: str, about: tuple[uuid.UUID, uuid.UUID | None], found_at: datetime | None
) -> Iterator[StoryEvent]:
    """Tell where it ended; what a person found is there only since the person said so."""
    if delivery.state is DeliveryState.DELIVERED:
        taken = msg("{name} has it, as {external_id}.", name=name, external_id=delivery.external_id)
        without = msg("{name} has it.", name=name)
        at = found_at or delivery.sent_at or delivery.updated_at
        yield StoryEvent(at, Chapter.DELIVERED, taken if delivery.external_id else without, None, *about)
    if delivery.fate_at and delivery.fate is FateState.BOOKED:
        yield StoryEvent(delivery.fate_at, Chapter.BOOKED, msg("Booked in {name}.", name=name), None, *about)
    if delivery.fate_at and delivery.fate is FateState.REJECTED:
        refused = msg("Refused by {name} after it had been taken.", name=name)
        yield StoryEvent(delivery.fate_at, Chapter.REFUSED, refused, None, *about)
    if delivery.due_at and delivery.state is DeliveryState.RETRY_WAIT:
        again = msg("The next try, unless somebody starts one before.")
        yield StoryEvent(delivery.due_at, Chapter.WAITS, again, None, *about)
    if delivery.due_at and delivery.state is DeliveryState.UNKNOWN:
        look = msg("{name} is asked whether it has the record.", name=name)
        yield StoryEvent(delivery.due_at, Chapter.WAITS, look, None, *about)
