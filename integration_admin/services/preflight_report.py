"""What a check before a run found, counted and put into sentences. When it is made, preflight.py decides."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from integration_admin.core.messages import Message, msg
from integration_admin.data.models_preflights import Preflight
from integration_admin.services.dry_run_judge import DryRunEntry, Would
from integration_admin.services.failure_causes import Fix, fix_of_refusal

MOST_REASONS: Final = 20
"""Of how many different reasons is told, those of most records first."""
_GROUPS: Final = "groups"
_MORE: Final = "more"


@dataclass(frozen=True, slots=True)
class PreflightReason:
    """One reason why records would fail, how many, and one of them; `field` is the target field to blame, if any."""

    message: Message
    field: str
    records: int
    kind: str
    record_id: str

    @property
    def fix(self) -> Fix:
        """Where it is mended."""
        return fix_of_refusal(self.message, self.field)


@dataclass(frozen=True, slots=True)
class PreflightView:
    """What would become of everything that waits if the run at `due_at` were now.

    `reasons` are the most frequent ones, and `more_reasons` counts those left out. `trouble` says why it could
    not be checked. `needs_person` says that somebody should act before the run.
    """

    due_at: datetime
    checked_at: datetime
    would_go: int
    would_fail: int
    complete: bool
    reasons: tuple[PreflightReason, ...]
    more_reasons: int
    trouble: Message | None
    needs_person: bool
    time: str
    """When the run is, as the organisation's clocks show it."""

    @property
    def sentence(self) -> Message:
        """What will happen, and what to do about it."""
        if self.trouble is not None:
            return msg(
                "What will happen at {time} could not be checked: {reason}",
                time=self.time,
                reason=self.trouble,
            )
        if self.would_fail:
            return msg(
                "Records that would fail at {time}: {count}. See why, and mend the cause before then.",
                time=self.time,
                count=self.would_fail,
            )
        if self.would_go:
            return msg(
                "Records that would be exported at {time}: {count}. None would fail.",
                time=self.time,
                count=self.would_go,
            )
        return msg("Nothing is waiting to be exported at {time}.", time=self.time)

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What else there is to say of it."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[Message]:
        if self.would_fail and self.would_go:
            yield msg("Records that would be exported: {count}.", count=self.would_go)
        if self.more_reasons:
            yield msg("Further reasons that are not listed: {count}.", count=self.more_reasons)
        if not self.complete:
            tried = self.would_go + self.would_fail
            yield msg("More is waiting: only the first {count} records were tried.", count=tried)


@dataclass(slots=True)
class Forecast:
    """Counts what a dry run tells, by reason."""

    would_go: int = 0
    would_fail: int = 0
    looked_at: int = 0
    complete: bool = True
    _groups: dict[str, PreflightReason] = field(default_factory=dict)

    def add(self, entries: Sequence[DryRunEntry]) -> None:
        """Count a page."""
        self.looked_at += len(entries)
        for entry in entries:
            self.would_go += entry.would is Would.SEND
            if entry.would is Would.FAIL:
                self.would_fail += 1
                for reason, blamed in zip(entry.reasons, entry.fields, strict=True):
                    self._count(entry, reason, blamed)

    def columns(self) -> dict[str, Any]:
        """Return the result as the columns of a preflight."""
        found = sorted(self._groups.values(), key=lambda reason: -reason.records)
        shown = [
            {
                "message": reason.message.to_json(),
                "field": reason.field,
                "records": reason.records,
                "kind": reason.kind,
                "record_id": reason.record_id,
            }
            for reason in found[:MOST_REASONS]
        ]
        return {
            "would_go": self.would_go,
            "would_fail": self.would_fail,
            "complete": self.complete,
            "reasons": {_GROUPS: shown, _MORE: len(found) - len(shown)},
            "needs_person": self.would_fail > 0,
        }

    def _count(self, entry: DryRunEntry, message: Message, blamed: str) -> None:
        key = json.dumps([message.to_json(), blamed], sort_keys=True)
        first = self._groups.get(key)
        counted = 1 if first is None else first.records + 1
        kind, record_id = (first.kind, first.record_id) if first else (entry.kind, entry.record_id)
        self._groups[key] = PreflightReason(message, blamed, counted, kind, record_id)


def preflight_view(row: Preflight, checked_at: datetime, zone: ZoneInfo) -> PreflightView:
    """Turn a stored check that has its result into what is shown."""
    return PreflightView(
        due_at=row.due_at,
        checked_at=checked_at,
        would_go=row.would_go,
        would_fail=row.would_fail,
        complete=row.complete,
        reasons=tuple(_reason(stored) for stored in row.reasons.get(_GROUPS, ())),
        more_reasons=row.reasons.get(_MORE, 0),
        trouble=Message.from_json(row.trouble) if row.trouble else None,
        needs_person=row.needs_person,
        time=row.due_at.astimezone(zone).strftime("%H:%M"),
    )


def _reason(stored: Mapping[str, Any]) -> PreflightReason:
    return PreflightReason(
        Message.from_json(stored["message"]),
        stored["field"],
        stored["records"],
        stored["kind"],
        stored["record_id"],
    )
