"""Months compared with the accounting system: the list of them, and one month with what differs and its signing."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, PasswordNeeded, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.reconciliation import why_not_signed
from integration_admin.services.reconciliation_report import ReconciliationView, month
from integration_admin.states.access import goes_on, requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import ReauthenticationState, require_password
from integration_admin.states.reconciliation_rows import (
    NEVER,
    FindingRow,
    LineRow,
    PeriodRow,
    SumRow,
    VersionRow,
    finding_rows,
    line_row,
    period_row,
    signature,
    sum_rows,
    version_row,
)
from integration_admin.states.speech import Speech

_LOOK_AGAIN_SECONDS = 2.0
_PERIOD = re.compile(r"[0-9]{4}-[0-9]{2}")
_NO_MONTH = msg("There is no such month.")


class ReconciliationsState(FormState, rx.State):
    """The months of one integration, newest first."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    rows: list[PeriodRow] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the months of the integration the address names."""
        reader = await current_reader()
        self._clear()
        self.rows, self.ready = [], False
        integration_id = asked_integration(self.router.url)
        services = container.current()
        try:
            if integration_id is not None:
                self.name = (await services.configuration.get(reader.actor, integration_id)).name
                found = await services.reconciliations.periods(reader.actor, integration_id)
                self.integration_id = str(integration_id)
                self.rows = [period_row(one, self.integration_id, reader.speech) for one in found]
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        self.ready = True


class MonthState(FormState, rx.State):
    """One month: its newest comparison, the vouchers that differ, and whether it is signed."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    period: str = ""
    month: str = ""
    id: str = ""
    state: str = ""
    sentence: str = ""
    remarks: list[str] = []  # noqa: RUF012, Reflex copies defaults
    at: str = ""
    started_by: str = ""
    system: str = ""
    entity: str = ""
    sha256: str = ""
    sums: list[SumRow] = []  # noqa: RUF012, Reflex copies defaults
    findings: list[FindingRow] = []  # noqa: RUF012, Reflex copies defaults
    lines: list[LineRow] = []  # noqa: RUF012, Reflex copies defaults
    next_after: int = 0
    running: bool = False
    signed: str = ""
    note: str = ""
    not_signable: str = ""
    """Why it cannot be signed; empty where it can."""
    versions: list[VersionRow] = []  # noqa: RUF012, Reflex copies defaults
    done: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """What signing or stopping came to; a new list takes the focus, which the button had."""
    _follower: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> list[rx.event.EventSpec]:
        """Read the month the address names."""
        reader = await current_reader()
        self._clear()
        self.ready, self.id, self.announcement, self.done = False, "", "", []
        self.period = str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1]
        integration_id = asked_integration(self.router.url)
        if integration_id is None or _PERIOD.fullmatch(self.period) is None:
            self.refusal, self.period = reader.speech.say(_NO_MONTH), ""
        else:
            self.integration_id = str(integration_id)
            await self._read(reader)
        self.ready = True
        following = [MonthState.follow] if self.running else []
        may_sign = reader.actor.may(Permission.CONFIGURE) and self.integration_id
        return [*following, ReauthenticationState.load] if may_sign else following

    @rx.event
    @requires(Permission.VIEW)
    async def more(self) -> None:
        """Read the vouchers after those shown."""
        reader = await current_reader()
        self._clear()
        if not self.next_after:
            return
        try:
            await self._read_lines(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        else:
            self._announce(reader.speech.say(msg("Lines shown: {count}.", count=len(self.lines))))

    @rx.event
    @requires(Permission.RUN)
    async def compare(self) -> rx.event.EventSpec | None:
        """Have the month compared now."""
        reader = await current_reader()
        self._clear()
        self.done = []
        service = container.current().reconciliations
        try:
            await service.start(reader.actor, shown_id(self.integration_id), self.period)
        except (IntegrationAdminError, ValueError) as error:
            self._say(error, reader.speech)
            return None
        await self._read(reader)
        self._announce(self.sentence)
        return MonthState.follow

    @rx.event
    @requires(Permission.RUN)
    async def cancel(self) -> None:
        """Stop the comparison under way."""
        reader = await current_reader()
        self._clear()
        try:
            await container.current().reconciliations.cancel(reader.actor, shown_id(self.id))
        except (IntegrationAdminError, ValueError) as error:
            self._say(error, reader.speech)
            return
        await self._read(reader)
        self.done = [self.sentence]
        self.times_told += 1

    @rx.event
    @requires(Permission.CONFIGURE)
    async def sign(self, form: dict) -> None:
        """Sign the comparison that is shown, for good."""
        reader = await current_reader()
        self._clear()
        try:
            await require_password(self, shown_id(self.integration_id))
            note = str(form.get("note", ""))
            await container.current().reconciliations.sign(reader.actor, shown_id(self.id), note)
        except PasswordNeeded as error:
            # The question has a form of its own, with the field's error in it.
            self.refusal = reader.speech.say(error.message)
            self.times_refused += 1
            return
        except (IntegrationAdminError, ValueError) as error:
            self._say(error, reader.speech)
            return
        await self._read(reader)
        self.done = [reader.speech.say(msg("The month is signed off. It cannot be changed any more."))]
        self.times_told += 1

    @rx.event(background=True)
    @requires(Permission.VIEW)
    @goes_on
    async def follow(self) -> AsyncIterator[None]:
        """Show how the comparison goes, until it has ended or whoever looks has been signed out."""
        mine = uuid.uuid4().hex
        async with self:
            self._follower = mine
        while True:
            async with self:
                if mine != self._follower or not self.running:
                    return
                try:
                    reader = await current_reader()
                except SignInRequired:
                    return
                await self._read(reader)
                if not self.running:
                    self._announce(self.sentence)
            yield
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _read(self, reader: Reader) -> None:
        services, integration_id = container.current(), shown_id(self.integration_id)
        try:
            self.name = (await services.configuration.get(reader.actor, integration_id)).name
            found = await services.reconciliations.of_period(reader.actor, integration_id, self.period)
            self.month = reader.speech.write(month(self.period))
            self._show(found, reader.speech)
            self.lines, self.next_after = [], 0
            if self.id and not self.running:
                await self._read_lines(reader)
        except (IntegrationAdminError, ValueError) as error:
            self.running = False
            self._say(error, reader.speech)

    async def _read_lines(self, reader: Reader) -> None:
        service = container.current().reconciliations
        page = await service.lines(reader.actor, shown_id(self.id), self.next_after)
        self.lines = [*self.lines, *(line_row(line, reader.speech) for line in page.lines)]
        self.next_after = page.next_after or 0

    def _show(self, found: list[ReconciliationView], speech: Speech) -> None:
        self.id, self.state, self.sentence, self.running = "", "", speech.say(NEVER), False
        self.remarks, self.sums, self.findings, self.signed, self.note = [], [], [], "", ""
        self.versions = [version_row(one, speech) for one in found[1:]]
        if not found:
            return
        view = found[0]
        self.id, self.state, self.sentence = str(view.id), view.state.value, speech.say(view.sentence)
        self.running = view.finished_at is None
        self.remarks = [speech.say(remark) for remark in view.remarks]
        self.at, self.started_by = speech.instant(view.begun_at), speech.person(view.started_by)
        self.system = speech.say(view.about.system) if view.about else ""
        self.entity = view.about.entity if view.about else ""
        self.sha256, self.note = view.csv_hash, view.note
        self.sums, self.findings = sum_rows(view, speech), finding_rows(view, speech)
        self.signed = speech.say(signature(view, speech))
        self.not_signable = speech.say(why_not_signed(view))

    def _say(self, error: Exception, speech: Speech) -> None:
        """Show why something was not done; an address that names nothing is one way."""
        if isinstance(error, IntegrationAdminError):
            self._refuse(error, speech)
        else:
            self.refusal = speech.say(_NO_MONTH)
            self.times_refused += 1
