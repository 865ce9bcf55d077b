"""Export history: the runs of an integration, and one run's own page."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, InvalidInput, NotFound, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState, IntegrationState, Permission
from integration_admin.services import container
from integration_admin.services.history import EVERY_RUN, RunFilter
from integration_admin.services.runs import tells_of_a_run
from integration_admin.states.access import goes_on, requires, shows_now
from integration_admin.states.addresses import asked_id, asked_integration, asked_words, shown_id
from integration_admin.states.failures import FailureLine, failure_line
from integration_admin.states.forms import FormState
from integration_admin.states.progress import Progressing, pause_after
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.run_filter import run_filter
from integration_admin.states.run_lines import RunLine, RunRecordLine, record_line, run_line
from integration_admin.states.speech import Speech

_RECORDS = 20
"""How many records of a run are shown at a time."""
_LEFT_BEHIND = 200
"""How many records a run left behind are shown with what to do about them."""
_GONE = msg("There is no such export, or it is so old that it is not kept any more.")
_FILTERS = ("outcome", "trigger", "since", "until")


class HistoryState(FormState, rx.State):
    """Some runs of one integration, newest first."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    runs: list[RunLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""
    found: bool = False
    filtered: bool = False
    unfolded: bool = False
    typed: dict[str, str] = {}  # noqa: RUF012, Reflex copies defaults
    """What the list is narrowed down to, by the names of the form's fields."""
    query: str = ""
    """The same as part of an address."""
    _asked: RunFilter = EVERY_RUN

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the newest runs of the integration the address names, as far as it narrows them down."""
        reader = await current_reader()
        self.found, self.ready, self.announcement = False, False, ""
        try:
            self._ask(asked_words(self.router.url, _FILTERS), reader)
        except InvalidInput:
            self._ask({}, reader)
        self.unfolded = self.filtered
        await self._more()
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.VIEW)
    async def choose(self, form: dict) -> None:
        """Show only runs of the outcome, start and days that were chosen."""
        reader = await current_reader()
        self._clear()
        try:
            self._ask(form, reader)
        except InvalidInput as error:
            self._refuse(error, reader.speech)
            return
        await shows_now(self, self.query)
        await self._more()
        self._announce_shown(reader)

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Read the runs before those shown."""
        if not self.next_cursor:
            return
        await self._more()
        self._announce_shown(await current_reader())

    def _ask(self, form: dict[str, Any], reader: Reader) -> None:
        """Begin the list anew, narrowed down to what was chosen. Raises InvalidInput."""
        self._asked = run_filter(form, reader.speech.time_zone)
        self.filtered = self._asked != EVERY_RUN
        self.typed = {name: str(form[name]) for name in _FILTERS if form.get(name)}
        self.query = urlencode(self.typed)
        self.runs, self.next_cursor = [], ""

    def _announce_shown(self, reader: Reader) -> None:
        if not self.refusal:
            self._announce(reader.speech.say(msg("Exports shown: {count}.", count=len(self.runs))))

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


class RunState(Progressing, FormState, rx.State):
    """One run, the records it did not deliver, and all its records; one under way is followed.

    `told` holds how the run ended where that takes the focus, for the button that had it is gone.
    """

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    stop_reason: str = ""
    run: RunLine | None = None
    failures: list[FailureLine] = []  # noqa: RUF012, Reflex copies defaults
    more_failures: bool = False
    records: list[RunRecordLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""
    running: bool = False
    stopping: bool = False
    may_retry: bool = False
    gone: str = ""
    told: list[str] = []  # noqa: RUF012, Reflex copies defaults
    _stopped_here: bool = False
    _begun: bool = False
    """Whether what failed is tried again since the page was read."""
    _follower: str = ""
    """Which event follows the run; of several only the latest goes on."""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> rx.event.EventSpec | None:
        """Read the run the address names."""
        reader = await current_reader()
        self._clear()
        self.ready, self.gone, self.announcement, self.told = False, "", "", []
        self._stopped_here = self._begun = False
        run_id = asked_id(str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1])
        if run_id is None:
            self._be_gone(reader.speech)
            return None
        await self._read(reader, run_id)
        return RunState.follow if self.running else None

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Read the records after those shown."""
        reader = await current_reader()
        self._clear()
        if self.run is None or not self.next_cursor:
            return
        try:
            await self._read_records(reader, shown_id(self.run["id"]))
        except NotFound:
            self._be_gone(reader.speech)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        else:
            self._announce(reader.speech.say(msg("Records shown: {count}.", count=len(self.records))))

    @rx.event
    @requires(Permission.RUN)
    async def stop(self) -> None:
        """Let the run end after the batch it is sending."""
        reader = await current_reader()
        self._clear()
        if self.run is None:
            return
        run_id = shown_id(self.run["id"])
        try:
            await container.current().runs.cancel(reader.actor, run_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._stopped_here = True
        await self._look(reader, run_id)
        if self.running:
            self._announce(reader.speech.say(msg("The export stops after the records being sent now.")))

    @rx.event
    @requires(Permission.RUN)
    async def retry(self) -> rx.event.EventSpec | None:
        """Try what failed once more, and go where that is followed."""
        reader = await current_reader()
        self._clear()
        try:
            await container.current().runs.retry(reader.actor, shown_id(self.integration_id))
        except IntegrationAdminError as error:
            # A second press in a hurry goes where the first one leads.
            if not self._begun or not tells_of_a_run(error):
                self._refuse(error, reader.speech)
                return None
        self._begun = True
        return rx.redirect(f"/settings/integrations/{self.integration_id}")

    @rx.event(background=True)
    @requires(Permission.VIEW)
    @goes_on
    async def follow(self) -> AsyncIterator[None]:
        """Show how the run goes, until it has ended or whoever looks has gone or been signed out."""
        mine = uuid.uuid4().hex
        async with self:
            self._follower = mine
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            async with self:
                if mine != self._follower or not self.running or self.run is None:
                    return
                try:
                    reader = await current_reader()
                except SignInRequired:
                    return
                seen = await self._look(reader, shown_id(self.run["id"]))
            yield
            if not seen:
                return
            await asyncio.sleep(pause_after(loop.time() - began))

    async def _look(self, reader: Reader, run_id: uuid.UUID) -> bool:
        """Read how far the run has come and, once it has ended, everything else; tell whether it could be read."""
        try:
            run = await self._read_progress(reader, run_id)
        except NotFound:
            self._be_gone(reader.speech)
            return False
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return False
        self.run, self.stopping = run_line(run, reader.speech), run.stopping
        if run.finished_at is None:
            self.announcement = self._quarter_news() or self.announcement
            return True
        await self._read(reader, run_id)
        self._tell_the_end()
        return True

    async def _read(self, reader: Reader, run_id: uuid.UUID) -> None:
        self.records, self.next_cursor = [], ""
        services = container.current()
        try:
            run = await self._read_progress(reader, run_id)
            view = await services.configuration.get(reader.actor, run.integration_id)
            failures = await services.history.failures_of(reader.actor, run_id, _LEFT_BEHIND + 1)
            await self._read_records(reader, run_id)
        except NotFound:
            self._be_gone(reader.speech)
            return
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.integration_id, self.run = str(run.integration_id), run_line(run, reader.speech)
        shown = failures[:_LEFT_BEHIND]
        self.failures = [failure_line(item, reader.speech, self.integration_id) for item in shown]
        self.more_failures = len(failures) > len(shown)
        self.running, self.stopping = run.finished_at is None, run.stopping
        refused = any(item.state is DeliveryState.REJECTED for item in shown)
        self.may_retry = refused and not self.running
        self.name = view.name
        stopped = view.state is IntegrationState.STOPPED
        self.stop_reason = reader.speech.say(view.stop_message) if stopped else ""
        self.ready = True

    async def _read_records(self, reader: Reader, run_id: uuid.UUID) -> None:
        page = await container.current().run_records.page(reader.actor, run_id, self.next_cursor, _RECORDS)
        self.records = [*self.records, *(record_line(item, reader.speech) for item in page.records)]
        self.next_cursor = page.next_cursor

    def _be_gone(self, speech: Speech) -> None:
        """Show that there is no such run, or not any more, and nothing of what was shown of it."""
        self.ready, self.running, self.run = False, False, None
        self.records, self.failures, self.next_cursor = [], [], ""
        self.gone = speech.say(_GONE)

    def _tell_the_end(self) -> None:
        said = self.run["summary"] if self.run else self.gone
        if self._stopped_here:
            self.told = [said]
            self.times_told += 1
        else:
            self._announce(said)
        self._stopped_here = False
