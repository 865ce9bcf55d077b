"""The page of one record: where it is, and what happened to it."""

import uuid
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import unquote

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, FateState, Permission
from integration_admin.services import container
from integration_admin.services.record_story import RecordStory, StoryEvent
from integration_admin.services.record_tracking import DeliveryView
from integration_admin.states.access import requires
from integration_admin.states.dry_run import written
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

_GONE = msg("There is no such record, or it is so old that it is not kept any more.")
_SHOWN = 64
"""How much of an address that names no record is shown as its name."""
_TO_DO = {DeliveryState.NEEDS_PERSON: "decide", DeliveryState.REJECTED: "mend"}


class WayLine(TypedDict):
    """A record's way to one accounting system; `todo` is decide, mend, there or nothing."""

    integration: str
    href: str
    state: str
    reference: str
    external_id: str
    attempts: str
    sent: str
    next_try: str
    run_href: str
    voucher_href: str
    reason: list[tuple[str, bool]]
    """In parts, each with whether it is the accounting system's own English words."""
    todo: str


class EventLine(TypedDict):
    """One thing that happened; `href` leads to the export it happened in, on the way to `integration`."""

    key: str
    integration: str
    at: str
    sentence: str
    reason: list[tuple[str, bool]]
    href: str


class RecordState(FormState, rx.State):
    """One record."""

    ready: bool = False
    gone: str = ""
    record: str = ""
    record_sort: str = ""
    status: str = ""
    amount: str = ""
    claimant: str = ""
    purpose: str = ""
    received: str = ""
    ways: list[WayLine] = []  # noqa: RUF012, Reflex copies defaults
    events: list[EventLine] = []  # noqa: RUF012, Reflex copies defaults
    as_data: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the record the address names; another organisation's does not exist."""
        reader = await current_reader()
        self._clear()
        self.ready, self.record, self.gone = False, "", ""
        kind, record_id = _asked(str(self.router.url.path))
        try:
            story = await container.current().stories.tell(reader.actor, kind, record_id)
        except NotFound:
            self.record, self.gone = record_id[:_SHOWN], reader.speech.say(_GONE)
            return
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._show(story, reader.speech)
        self.ready = True

    def _show(self, story: RecordStory, speech: Speech) -> None:
        record = story.tracked.record
        self.record, self.record_sort, self.status = record.id, record.kind, record.status
        self.amount = speech.money(record.amount) if record.amount else ""
        self.claimant = str((story.visible.get("claimant") or {}).get("name", ""))
        self.purpose = str(story.visible.get("purpose", ""))
        self.received = speech.instant(record.received_at)
        self.ways = [_way(view, speech) for view in story.tracked.deliveries]
        names = {view.integration_id: view.integration_name for view in story.tracked.deliveries}
        self.events = [_event(number, event, names, speech) for number, event in enumerate(story.events)]
        self.as_data = written(_data(story, speech))


def _asked(path: str) -> tuple[str, str]:
    """Return the kind and the id an address names; both empty for anything else."""
    parts = path.strip("/").split("/", 2)
    return (parts[1], unquote(parts[2])) if len(parts) == 3 and parts[0] == "records" else ("", "")


def _way(view: DeliveryView, speech: Speech) -> WayLine:
    address = f"/settings/integrations/{view.integration_id}"
    refused_there = view.fate is FateState.REJECTED
    return {
        "integration": view.integration_name,
        "href": address,
        "state": view.state.value,
        "reference": view.reference,
        "external_id": view.external_id,
        "attempts": speech.number(view.attempts),
        "sent": speech.instant(view.sent_at),
        "next_try": speech.instant(view.due_at),
        "run_href": f"{address}/runs/{view.run_id}" if view.run_id else "",
        "voucher_href": view.voucher_url,
        "reason": speech.pieces(view.reason),
        "todo": "there" if refused_there else _TO_DO.get(view.state, ""),
    }


def _event(number: int, event: StoryEvent, names: Mapping[uuid.UUID, str], speech: Speech) -> EventLine:
    in_run = event.integration_id and event.run_id
    return {
        "key": str(number),
        "integration": names.get(event.integration_id, "") if event.integration_id else "",
        "at": speech.instant(event.at),
        "sentence": speech.say(event.sentence),
        "reason": speech.pieces(event.reason),
        "href": f"/settings/integrations/{event.integration_id}/runs/{event.run_id}" if in_run else "",
    }


def _data(story: RecordStory, speech: Speech) -> dict[str, Any]:
    """Return the story as a program would keep it, with no more of the record than the reader may see."""
    return {
        "record": dict(story.visible),
        "deliveries": [_delivery(view) for view in story.tracked.deliveries],
        "story": [
            {
                "at": event.at.isoformat(),
                "what": event.chapter.value,
                "sentence": speech.say(event.sentence),
                "reason": speech.say(event.reason) or None,
                "run_id": str(event.run_id) if event.run_id else None,
            }
            for event in story.events
        ],
    }


def _delivery(view: DeliveryView) -> dict[str, Any]:
    return {
        "integration_id": str(view.integration_id),
        "integration": view.integration_name,
        "state": view.state.value,
        "reference": view.reference,
        "external_id": view.external_id or None,
        "voucher_url": view.voucher_url or None,
        "attempts": view.attempts,
        "sent_at": view.sent_at.isoformat() if view.sent_at else None,
    }
