"""The page of one integration: how it is doing, what failed and why, a run now and its end.

What a person decides about records is in states/decisions.py.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, NotFound, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.statuses import FateState, IntegrationState, Permission
from integration_admin.services import container
from integration_admin.services.cause_pages import CausePage
from integration_admin.services.health_monitor import Health
from integration_admin.services.request_counts import RequestsThisMonth
from integration_admin.services.views import RunView
from integration_admin.states.access import goes_on, keeps_what_is_typed, requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.decisions import Deciding
from integration_admin.states.failure_causes import Handling, cause_lines
from integration_admin.states.failures import FailureLine, failure_line
from integration_admin.states.forms import FormState
from integration_admin.states.preflight import Foretelling
from integration_admin.states.progress import Progressing, pause_after
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.run_lines import run_line
from integration_admin.states.speech import Speech
from integration_admin.states.trend import Trending

_CAUSES = 3
"""How many causes of failures the page draws; the page of failures has them all."""


class HealthState(Deciding, Foretelling, Progressing, Handling, Trending, FormState, rx.State):
    """One integration's health."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    kind: str = ""
    lifecycle: str = ""
    status: str = ""
    sentence: str = ""
    stop_reason: str = ""
    untested: bool = False
    last_run: str = ""
    last_run_state: str = ""
    last_run_at: str = ""
    last_run_amounts: str = ""
    last_run_took: str = ""
    last_run_href: str = ""
    next_run: str = ""
    delivered: str = ""
    waiting: str = ""
    failed: int = 0
    retries: str = ""
    resting: str = ""
    missed_since: str = ""
    left_out: str = ""
    held_back: list[str] = []  # noqa: RUF012, Reflex copies defaults
    after_import: list[str] = []  # noqa: RUF012, Reflex copies defaults
    requests: str = ""
    requests_included: str = ""
    requests_warning: str = ""
    expiry: str = ""
    running: bool = False
    stopping: bool = False
    failures: list[FailureLine] = []  # noqa: RUF012, Reflex copies defaults
    """What was refused after import: each is put right, and answered for, by itself."""
    more_causes: bool = False
    _run: str = ""
    """The run under way."""
    _stopped_here: bool = False
    _follower: str = ""
    """Which event follows the run; of several only the latest goes on, and none once the tree was emptied."""

    @rx.event
    @requires(Permission.VIEW)
    @keeps_what_is_typed
    async def load(self) -> rx.event.EventSpec | None:
        """Read the health of the integration the address names; a run under way is followed."""
        reader = await current_reader()
        self._clear()
        self.announcement, self.decided, self._stopped_here = "", [], False
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return rx.redirect("/404", replace=True)
        if self.integration_id != str(integration_id):
            self.ready = False
        try:
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self.ready = False
            return None
        return HealthState.follow if self.running else None

    @rx.event
    @requires(Permission.RUN)
    async def sync(self) -> rx.event.EventSpec | None:
        """Export what is waiting, now."""
        return await self._start(retry=False)

    @rx.event
    @requires(Permission.RUN)
    async def retry(self) -> rx.event.EventSpec | None:
        """Try everything that failed once more."""
        return await self._start(retry=True)

    @rx.event
    @requires(Permission.RUN)
    async def stop(self) -> None:
        """Let the export under way end after the batch it is sending."""
        reader = await current_reader()
        self._clear()
        services, integration_id = container.current(), shown_id(self.integration_id)
        try:
            health = await services.health.of(reader.actor, integration_id, failures=0)
            if health.active_run is not None:
                await services.runs.cancel(reader.actor, health.active_run.id)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._stopped_here = True
        if self.running:
            self._announce(reader.speech.say(msg("The export stops after the records being sent now.")))
        else:
            self._tell_the_end()

    @rx.event
    @requires(Permission.RUN)
    async def answer_missed(self, answer: str) -> rx.event.EventSpec | None:
        """Make up for planned exports that were missed with one export (`now`), or leave it to the next."""
        export = answer == "now"
        reader = await current_reader()
        self._clear()
        integration_id = shown_id(self.integration_id)
        schedules = container.current().schedules
        try:
            await schedules.answer_missed(reader.actor, integration_id, export=export)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        later = msg("What was missed goes out with the next planned export.")
        self.decided = [reader.speech.say(msg("What was missed is exported now.") if export else later)]
        self.times_told += 1
        return HealthState.follow if self.running else None

    @rx.event
    @requires(Permission.CONFIGURE)
    async def set_paused(self, paused: bool) -> None:  # noqa: FBT001, an event's argument
        """Pause the integration or let it go on."""
        reader = await current_reader()
        self._clear()
        integration_id = shown_id(self.integration_id)
        try:
            await container.current().configuration.set_paused(
                reader.actor, integration_id, paused=paused is True
            )
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._announce(self.sentence)

    @rx.event(background=True)
    @requires(Permission.VIEW)
    @goes_on
    async def follow(self) -> AsyncIterator[None]:
        """Show how the run under way goes, until it has ended or whoever looks has been signed out."""
        mine = uuid.uuid4().hex
        async with self:
            self._follower = mine
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            async with self:
                if mine != self._follower or not self.running or not await self._look_again():
                    return
                if self.running and (news := self._quarter_news()):
                    self.announcement = news
            yield
            await asyncio.sleep(pause_after(loop.time() - began))

    async def _look_again(self) -> bool:
        """Read how far the run has come, and everything once it has ended; tell whether the reader may still see it."""
        try:
            reader = await current_reader()
        except SignInRequired:
            return False
        try:
            if not await self._goes_on(reader):
                await self._read(reader, shown_id(self.integration_id))
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return False
        if not self.running:
            self._tell_the_end()
        return True

    async def _goes_on(self, reader: Reader) -> bool:
        """Read how far the run under way has come; false where it has ended, or is not known any more."""
        try:
            run = await self._read_progress(reader, shown_id(self._run))
        except NotFound:
            return False
        self.stopping = run.stopping
        return run.finished_at is None

    def _tell_the_end(self) -> None:
        """Have it read out how the export went: by the focus where the button that had it is gone, else politely."""
        if self._stopped_here:
            self.decided = [self.last_run or self.sentence]
            self.times_told += 1
        elif self.last_run in {"", self.sentence}:
            self._announce(self.sentence)
        else:
            self._announce(f"{self.last_run} {self.sentence}")
        self._stopped_here = False

    async def _start(self, *, retry: bool) -> rx.event.EventSpec | None:
        reader = await current_reader()
        self._clear()
        if self.running:
            # A second press came before the page was told what the first one began.
            return None
        runs = container.current().runs
        integration_id = shown_id(self.integration_id)
        try:
            await (runs.retry if retry else runs.start)(reader.actor, integration_id)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.running = True
        self._announce(reader.speech.say(msg("An export is under way")))
        return HealthState.follow

    async def _read(self, reader: Reader, integration_id: uuid.UUID) -> None:
        page = await container.current().health.page(reader.actor, integration_id, causes=_CAUSES)
        view, health = page.integration, page.health
        self.integration_id, self.name = str(integration_id), view.name
        self.kind, self.lifecycle = reader.speech.say(view.label), str(view.state)
        stopped = view.state is IntegrationState.STOPPED
        self.stop_reason = reader.speech.say(view.stop_message) if stopped else ""
        self.untested = view.state is IntegrationState.PAUSED and view.tested_at is None
        self._show(health, reader.speech)
        self._show_causes(page.causes, reader.speech)
        self._show_trend(page.trend, reader.speech)
        if page.progress is not None:
            self._show_progress(page.progress, reader.speech)
        self._show_decisions(page.decisions, health.undecided, reader.speech)
        self.ready = True

    def _show_causes(self, page: CausePage, speech: Speech) -> None:
        lines = cause_lines([], page.causes, speech, self.integration_id)
        if lines != self.causes:
            self.causes = lines
        self.more_causes = bool(page.left_out or page.next_cursor)

    async def _retried(self) -> rx.event.EventSpec:
        self.running = True
        self._announce((await current_reader()).speech.say(msg("An export is under way")))
        return HealthState.follow

    def _show(self, health: Health, speech: Speech) -> None:
        last, active = health.last_run, health.active_run
        self.status, self.sentence = str(health.status), speech.say(health.sentence)
        self._show_last_run(last, speech)
        self.next_run = speech.instant(health.next_run_at)
        self.delivered, self.waiting = speech.number(health.delivered_total), speech.number(health.waiting)
        self.failed = health.failed + health.unknown
        self.resting = speech.say(health.resting_reason)
        self.missed_since = speech.instant(health.missed_since)
        self.left_out = speech.say(health.left_out)
        self.held_back = [speech.say(sentence) for sentence in health.held_back]
        told = health.after_import.sentences if health.after_import else ()
        self.after_import = [speech.say(sentence) for sentence in told]
        self._show_requests(health.requests, speech)
        self._show_preflight(health.preflight, speech)
        self.expiry = speech.say(health.expiry)
        self.retries = speech.number(health.retries_spent) if health.retries_spent else ""
        self.running, self._run = active is not None, str(active.id) if active else ""
        if active is None:
            self._begun = ""
        self.stopping = active is not None and active.stopping
        shown = [item for item in health.failures if item.fate is FateState.REJECTED]
        self.failures = [failure_line(item, speech, str(health.integration_id)) for item in shown]

    def _show_last_run(self, last: RunView | None, speech: Speech) -> None:
        line = run_line(last, speech) if last else None
        self.last_run = line["summary"] if line else ""
        self.last_run_state = line["state"] if line else ""
        self.last_run_at = speech.instant(last.finished_at) if last else ""
        self.last_run_href = line["href"] if line else ""
        self.last_run_amounts = line["amounts"] if line else ""
        self.last_run_took = line["took"] if line else ""

    def _show_requests(self, requests: RequestsThisMonth | None, speech: Speech) -> None:
        self.requests = speech.number(requests.sent) if requests else ""
        self.requests_included = speech.number(requests.included) if requests else ""
        self.requests_warning = speech.say(requests.warning) if requests else ""
