"""The dry run of one integration as its page shows it: counts while it goes on, and what would become of the records."""

import asyncio
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_judge import DryRunEntry, Would
from integration_admin.states.access import goes_on, requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.speech import Speech

SHOWN = {Would.FAIL: 50, Would.STAY: 50, Would.SEND: 25}
"""How many records of each sort the page draws; the counts are of all."""
FOLDED_FROM = 6
"""From this many records of a sort on, they are folded away behind their reasons and counts."""
_SHOW_EVERY_SECONDS = 0.7


class TriedLine(TypedDict):
    """One record; `key` tells it from the others on the page, `payload` is JSON or empty."""

    key: str
    kind: str
    record: str
    amount: str
    reference: str
    reasons: list[list[tuple[str, bool]]]
    payload: str


class TriedGroup(TypedDict):
    """Records with the same reasons; `count` is of all of them, also of those the page does not draw.

    Those of a group that is not `folded` are all in sight, each with its own reasons.
    """

    key: str
    folded: bool
    count: str
    reasons: list[list[tuple[str, bool]]]
    lines: list[TriedLine]


class DryRunState(FormState, rx.State):
    """What an export would do; `ready` once everything that waits has been looked at."""

    ready: bool = False
    running: bool = False
    integration_id: str = ""
    obstacle: str = ""
    looked_at: str = ""
    to_send: str = ""
    to_fail: str = ""
    to_stay: str = ""
    sums: str = ""
    sendable: list[TriedGroup] = []  # noqa: RUF012, Reflex copies defaults
    failing: list[TriedGroup] = []  # noqa: RUF012, Reflex copies defaults
    staying: list[TriedGroup] = []  # noqa: RUF012, Reflex copies defaults
    more_sendable: str = ""
    more_failing: str = ""
    more_staying: str = ""
    _latest: str = ""
    """Which event looks; of several only the latest goes on."""

    @rx.event
    @requires(Permission.RUN)
    async def load(self) -> rx.event.EventSpec | None:
        """Begin to look at what waits for the integration the address names."""
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return rx.redirect("/404", replace=True)
        self.integration_id = str(integration_id)
        return DryRunState.look

    @rx.event(background=True)
    @requires(Permission.RUN)
    @goes_on
    async def look(self) -> AsyncIterator[None]:
        """Look at everything that waits, and show how far it has come until it has ended."""
        mine, found = uuid.uuid4().hex, _Found()
        async with self:
            reader = await current_reader()
            self._begin(mine)
            integration_id = shown_id(self.integration_id)
        yield
        loop = asyncio.get_running_loop()
        shown = loop.time()
        dry_runs = container.current().dry_runs
        try:
            obstacle = await dry_runs.obstacle(reader.actor, integration_id)
            async for page in dry_runs.pages(reader.actor, integration_id):
                found.add(page)
                # Others have their turn, however much waits.
                await asyncio.sleep(0)
                if loop.time() - shown < _SHOW_EVERY_SECONDS:
                    continue
                async with self:
                    if not await self._may_go_on(mine):
                        return
                    self.looked_at = reader.speech.number(found.count)
                yield
                shown = loop.time()
        except IntegrationAdminError as error:
            async with self:
                if mine == self._latest:
                    self.running = False
                    self._refuse(error, reader.speech)
            return
        async with self:
            if await self._may_go_on(mine):
                self.obstacle = reader.speech.say(obstacle)
                self._show(found, reader)

    def _begin(self, mine: str) -> None:
        self._clear()
        self._latest = mine
        self.ready, self.running = False, True
        self.obstacle = self.looked_at = self.announcement = ""
        self.sendable, self.failing, self.staying = [], [], []

    async def _may_go_on(self, mine: str) -> bool:
        """Tell whether nobody has begun anew, or signed out, meanwhile."""
        if mine != self._latest:
            return False
        try:
            await current_reader()
        except SignInRequired:
            return False
        return True

    def _show(self, found: "_Found", reader: Reader) -> None:
        speech, counts = reader.speech, found.totals.counts
        self.to_send, self.to_fail, self.to_stay = (
            speech.number(counts[would]) for would in (Would.SEND, Would.FAIL, Would.STAY)
        )
        self.sums = ", ".join(speech.money(money) for money in found.totals.amounts)
        self.sendable, self.failing, self.staying = (
            found.groups(would, speech) for would in (Would.SEND, Would.FAIL, Would.STAY)
        )
        self.more_sendable, self.more_failing, self.more_staying = (
            speech.number(beyond) if (beyond := counts[would] - SHOWN[would]) > 0 else ""
            for would in (Would.SEND, Would.FAIL, Would.STAY)
        )
        told = msg(
            "Would be sent: {sent}. Would fail: {failed}. Would stay: {stay}. Nothing was sent.",
            sent=self.to_send,
            failed=self.to_fail,
            stay=self.to_stay,
        )
        self._announce(speech.say(told))
        self.ready, self.running = True, False


class _Found:
    """What has been looked at: the counts of all, and the first of each sort."""

    def __init__(self) -> None:
        self.totals = DryRunTotals()
        self._kept: dict[Would, list[DryRunEntry]] = {would: [] for would in Would}
        self._alike: dict[Would, Counter[str]] = {would: Counter() for would in Would}

    @property
    def count(self) -> int:
        """How many records have been looked at."""
        return sum(self.totals.counts.values())

    def add(self, entries: Any) -> None:
        """Count a page, and keep what is shown of it."""
        self.totals.add(entries)
        for entry in entries:
            why, alike = _why(entry), self._alike[entry.would]
            if len(self._kept[entry.would]) < SHOWN[entry.would]:
                self._kept[entry.would].append(entry)
                alike[why] += 1
            elif why in alike:
                alike[why] += 1

    def groups(self, would: Would, speech: Speech) -> list[TriedGroup]:
        """Return what is kept of one sort, as it is drawn; the reason most records share comes first."""
        kept, alike = self._kept[would], self._alike[would]
        if not kept:
            return []
        if len(kept) < FOLDED_FROM:
            return [_group("all", kept, speech, count=len(kept), folded=False)]
        by_reason = defaultdict(list)
        for entry in kept:
            by_reason[_why(entry)].append(entry)
        return [
            _group(str(place), by_reason[why], speech, count=count, folded=True)
            for place, (why, count) in enumerate(alike.most_common())
        ]


def _why(entry: DryRunEntry) -> str:
    """Return an entry's reasons as one text, to tell those apart that have others."""
    return "\n".join(map(str, entry.reasons))


def _group(key: str, entries: list[DryRunEntry], speech: Speech, *, count: int, folded: bool) -> TriedGroup:
    return {
        "key": key,
        "folded": folded,
        "count": speech.number(count),
        "reasons": [speech.pieces(reason) for reason in entries[0].reasons] if folded else [],
        "lines": [tried_line(entry, speech, told=folded) for entry in entries],
    }


def tried_line(entry: DryRunEntry, speech: Speech, *, told: bool = False) -> TriedLine:
    """Turn an entry into what is drawn; `told` says that its reasons stand above it already."""
    return {
        "key": f"{entry.kind}-{entry.reference}",
        "kind": entry.kind,
        "record": entry.record_id,
        "amount": speech.money(entry.amount),
        "reference": entry.reference,
        "reasons": [] if told else [speech.pieces(reason) for reason in entry.reasons],
        "payload": written(entry.payload),
    }


def written(payload: Mapping[str, Any] | None) -> str:
    """Return a payload as JSON people can read, or nothing for none."""
    return "" if payload is None else json.dumps(payload, ensure_ascii=False, indent=2, default=str)
