"""Export history: the runs of an integration, and one run's own page."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission, Trigger
from integration_admin.core.statuses import RunState as RunOutcome
from integration_admin.services import container
from integration_admin.services.history import EVERY_RUN, RunFilter
from integration_admin.services.mapping_words import exclusion_label
from integration_admin.services.run_records import RunRecordView
from integration_admin.services.views import RunView
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_id, asked_integration
from integration_admin.states.failures import FailureLine, failure_line
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.records import record_address
from integration_admin.states.speech import Speech

_RECORDS = 20
"""How many records of a run are shown at a time."""
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9998, 12, 30)
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
    reason: str
    now: str
    reference: str
    external_id: str


class HistoryState(FormState, rx.State):
    """Some runs of one integration, newest first."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    runs: list[RunLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""
    found: bool = False
    filtered: bool = False
    announcement: str = ""
    _asked: RunFilter = EVERY_RUN

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the newest runs of the integration the address names."""
        self.runs, self.next_cursor, self.found, self.ready = [], "", False, False
        self._asked, self.filtered, self.announcement = EVERY_RUN, False, ""
        await self._more()
        self.ready = True

    @rx.event
    @requires(Permission.VIEW)
    async def choose(self, form: dict) -> None:
        """Show only runs of the outcome, start and days that were chosen."""
        reader = await current_reader()
        self._clear()
        try:
            asked = run_filter(form, reader.speech.time_zone)
        except InvalidInput as error:
            self._refuse(error, reader.speech)
            return
        self._asked, self.filtered = asked, asked != EVERY_RUN
        self.runs, self.next_cursor = [], ""
        await self._more()
        self.announcement = reader.speech.say(msg("Exports shown: {count}.", count=len(self.runs)))

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Read the runs before those shown."""
        await self._more()

    async def _more(self) -> None:
        reader = await current_reader()
        self._clear()
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        services = container.current()
        try:
            view = await services.configuration.get(reader.actor, integration_id)
            page = await services.history.page(
                reader.actor, integration_id, self.next_cursor, which=self._asked
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.integration_id, self.name, self.found = str(integration_id), view.name, True
        self.runs = [*self.runs, *(run_line(run, reader.speech) for run in page.runs)]
        self.next_cursor = page.next_cursor


class RunState(FormState, rx.State):
    """One run, the records it did not deliver, and all its records."""

    ready: bool = False
    integration_id: str = ""
    run: RunLine | None = None
    failures: list[FailureLine] = []  # noqa: RUF012, Reflex copies defaults
    records: list[RunRecordLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the run the address names."""
        reader = await current_reader()
        self._clear()
        self.ready, self.records, self.next_cursor = False, [], ""
        run_id = asked_id(str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1])
        if run_id is None:
            return
        services = container.current()
        try:
            run = await services.runs.get(reader.actor, run_id)
            failures = await services.history.failures_of(reader.actor, run_id)
            await self._read_records(reader, run_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.integration_id, self.run = str(run.integration_id), run_line(run, reader.speech)
        self.failures = [failure_line(item, reader.speech, self.integration_id) for item in failures]
        self.ready = True

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Read the records after those shown."""
        reader = await current_reader()
        self._clear()
        if self.run is None or not self.next_cursor:
            return
        try:
            await self._read_records(reader, uuid.UUID(self.run["id"]))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)

    async def _read_records(self, reader: Reader, run_id: uuid.UUID) -> None:
        page = await container.current().run_records.page(reader.actor, run_id, self.next_cursor, _RECORDS)
        self.records = [*self.records, *(_record_line(item, reader.speech) for item in page.records)]
        self.next_cursor = page.next_cursor


def _record_line(item: RunRecordView, speech: Speech) -> RunRecordLine:
    return {
        "key": f"{item.kind}/{item.id}",
        "record": item.id,
        "href": record_address(item.kind, item.id),
        "amount": speech.money(item.amount) if item.amount else "",
        "exported": item.exported,
        "reason": speech.say(item.reason),
        "now": item.state.value if item.state else "",
        "reference": item.reference,
        "external_id": item.external_id,
    }


def run_filter(form: dict[str, Any], time_zone: str) -> RunFilter:
    """Read which runs a person wants to see; days are the reader's own. Raises InvalidInput."""
    state, trigger = str(form.get("outcome", "")), str(form.get("trigger", ""))
    since, last = _day(form, "since"), _day(form, "until")
    zone = ZoneInfo(time_zone)
    return RunFilter(
        state=RunOutcome(state) if state in set(RunOutcome) else None,
        trigger=Trigger(trigger) if trigger in set(Trigger) else None,
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
    )


def _day(form: dict[str, Any], name: str) -> date | None:
    """Return the day a field holds, if any; raises InvalidInput."""
    typed = str(form.get(name, "")).strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = date.min
    if not _FIRST_DAY <= day <= _LAST_DAY:
        sentence = msg("Write the date as 2026-11-05.")
        raise InvalidInput(sentence, fields={name: sentence})
    return day


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
