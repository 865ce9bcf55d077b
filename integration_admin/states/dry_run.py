"""The dry run of one integration as its page shows it: counts while it goes on, and what would become of the records."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.dry_run import DryRunTotals
from integration_admin.services.dry_run_judge import DryRunEntry, Would
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.speech import Speech

SHOWN = {Would.FAIL: 50, Would.STAY: 50, Would.SEND: 25}
"""How many records of each sort the page draws; the counts are of all."""
_SHOW_EVERY_SECONDS = 0.7


class TriedLine(TypedDict):
    """One record; `key` tells it from the others on the page, `payload` is JSON or empty."""

    key: str
    kind: str
    record: str
    amount: str
    reference: str
    reasons: list[str]
    payload: str


class DryRunState(FormState, rx.State):
    """What an export would do; `ready` once everything that waits has been looked at."""

    ready: bool = False
    running: bool = False
    integration_id: str = ""
    obstacle: str = ""
    looked_at: str = ""
    announcement: str = ""
    to_send: str = ""
    to_fail: str = ""
    to_stay: str = ""
    sums: str = ""
    sendable: list[TriedLine] = []  # noqa: RUF012, Reflex copies defaults
    failing: list[TriedLine] = []  # noqa: RUF012, Reflex copies defaults
    staying: list[TriedLine] = []  # noqa: RUF012, Reflex copies defaults
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
    async def look(self) -> AsyncIterator[None]:
        """Look at everything that waits, and show how far it has come until it has ended."""
        mine, found = uuid.uuid4().hex, _Found()
        async with self:
            reader = await current_reader()
            self._begin(mine)
            integration_id = uuid.UUID(self.integration_id)
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
            [tried_line(entry, speech) for entry in found.kept[would]]
            for would in (Would.SEND, Would.FAIL, Would.STAY)
        )
        self.more_sendable, self.more_failing, self.more_staying = (
            speech.number(beyond) if (beyond := counts[would] - SHOWN[would]) > 0 else ""
            for would in (Would.SEND, Would.FAIL, Would.STAY)
        )
        self.announcement = speech.say(
            msg(
                "Would be sent: {sent}. Would fail: {failed}. Would stay: {stay}. Nothing was sent.",
                sent=self.to_send,
                failed=self.to_fail,
                stay=self.to_stay,
            )
        )
        self.ready, self.running = True, False


class _Found:
    """What has been looked at: the counts of all, and the first of each sort."""

    def __init__(self) -> None:
        self.totals = DryRunTotals()
        self.kept: dict[Would, list[DryRunEntry]] = {would: [] for would in Would}

    @property
    def count(self) -> int:
        """How many records have been looked at."""
        return sum(self.totals.counts.values())

    def add(self, entries: Any) -> None:
        """Count a page, and keep what is shown of it."""
        self.totals.add(entries)
        for entry in entries:
            if len(self.kept[entry.would]) < SHOWN[entry.would]:
                self.kept[entry.would].append(entry)


def tried_line(entry: DryRunEntry, speech: Speech) -> TriedLine:
    """Turn an entry into what is drawn."""
    return {
        "key": f"{entry.kind}-{entry.reference}",
        "kind": entry.kind,
        "record": entry.record_id,
        "amount": speech.money(entry.amount),
        "reference": entry.reference,
        "reasons": [speech.say(reason) for reason in entry.reasons],
        "payload": written(entry.payload),
    }


def written(payload: Mapping[str, Any] | None) -> str:
    """Return a payload as JSON people can read, or nothing for none."""
    return "" if payload is None else json.dumps(payload, ensure_ascii=False, indent=2, default=str)
