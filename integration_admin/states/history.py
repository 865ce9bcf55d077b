"""Export history: the runs of an integration, and one run's own page."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission, Trigger
from integration_admin.services import container
from integration_admin.services.mapping_words import exclusion_label
from integration_admin.services.views import RunView
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_id, asked_integration
from integration_admin.states.forms import FormState
from integration_admin.states.health import FailureLine, failure_line
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

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


class HistoryState(FormState, rx.State):
    """Some runs of one integration, newest first."""

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    runs: list[RunLine] = []  # noqa: RUF012, Reflex copies defaults
    next_cursor: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the newest runs of the integration the address names."""
        self.runs, self.next_cursor, self.ready = [], "", False
        await self._more()
        self.ready = True

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
            page = await services.history.page(reader.actor, integration_id, self.next_cursor)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.integration_id, self.name = str(integration_id), view.name
        self.runs = [*self.runs, *(run_line(run, reader.speech) for run in page.runs)]
        self.next_cursor = page.next_cursor


class RunState(FormState, rx.State):
    """One run and the records it did not deliver."""

    ready: bool = False
    integration_id: str = ""
    run: RunLine | None = None
    failures: list[FailureLine] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """Read the run the address names."""
        reader = await current_reader()
        self._clear()
        self.ready = False
        run_id = asked_id(str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1])
        if run_id is None:
            return
        services = container.current()
        try:
            run = await services.runs.get(reader.actor, run_id)
            failures = await services.history.failures_of(reader.actor, run_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.integration_id, self.run = str(run.integration_id), run_line(run, reader.speech)
        self.failures = [failure_line(item, reader.speech, self.integration_id) for item in failures]
        self.ready = True


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
        "started_by": run.started_by if run.trigger in _BY_PERSONS else "",
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
