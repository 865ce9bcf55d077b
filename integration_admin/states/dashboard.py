"""The dashboard: a card for each integration, and the types that can be added."""

from collections import Counter
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState, Permission
from integration_admin.services import container
from integration_admin.services.configuration import IntegrationView
from integration_admin.services.health_monitor import Health
from integration_admin.services.runs import tells_of_a_run
from integration_admin.states.access import keeps_what_is_typed, requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.speech import Speech
from integration_admin.states.wizard import TypeChoice, WizardState, type_choices

RECENT_ERRORS = 3
"""How many of the newest failures a card tells."""


class RecentError(TypedDict):
    """One record that was not delivered, and why in parts: each with whether it is the other system's English."""

    record: str
    reason: list[tuple[str, bool]]


class IntegrationCard(TypedDict):
    """One integration as its card shows it, every word in the reader's language."""

    id: str
    name: str
    type: str
    status: str
    sentence: str
    last_success: str
    delivered: str
    waiting: str
    failed: str
    errors: list[RecentError]
    next_run: str
    lifecycle: str
    running: bool
    draft: bool
    href: str
    credentials: str
    """Where new credentials are entered, if that is what is to be done."""


class DashboardState(FormState, rx.State):
    """What the organisation has connected, and what it may connect."""

    ready: bool = False
    unread: bool = False
    """Whether the integrations could not be read; the refusal says why."""
    cards: list[IntegrationCard] = []  # noqa: RUF012, Reflex copies defaults
    types: list[TypeChoice] = []  # noqa: RUF012, Reflex copies defaults
    _begun: str = ""
    """The integration whose export was begun here since the page was read."""

    @rx.event
    @requires(Permission.VIEW)
    @keeps_what_is_typed
    async def load(self) -> None:
        """Read every integration with its health."""
        self.announcement, self._begun = "", ""
        # What the wizard refused is about its own fields; a type that cannot be set up is told here.
        (await self.get_state(WizardState))._clear()  # noqa: SLF001, hidden only from browsers
        await self._read(await current_reader())

    @rx.event
    @requires(Permission.RUN)
    async def sync(self, integration_id: str) -> rx.event.EventSpec | None:
        """Start an export, and go to where it can be followed."""
        reader = await current_reader()
        self._clear()
        try:
            await container.current().runs.start(reader.actor, shown_id(integration_id))
        except IntegrationAdminError as error:
            # A second press in a hurry goes where the first one leads.
            if self._begun != integration_id or not tells_of_a_run(error):
                await self._refuse_and_look(error, reader)
                return None
        self._begun = integration_id
        return rx.redirect(f"/settings/integrations/{integration_id}")

    @rx.event
    @requires(Permission.CONFIGURE)
    async def set_paused(self, integration_id: str, paused: bool) -> None:  # noqa: FBT001, an event's argument
        """Pause an integration or let it go on."""
        reader = await current_reader()
        self._clear()
        configuration = container.current().configuration
        try:
            await configuration.set_paused(reader.actor, shown_id(integration_id), paused=paused is True)
        except IntegrationAdminError as error:
            await self._refuse_and_look(error, reader)
            return
        await self._read(reader)
        told = (f"{card['name']}: {card['sentence']}" for card in self.cards if card["id"] == integration_id)
        self._announce("".join(told))

    @rx.event
    @requires(Permission.CONFIGURE)
    async def discard(self, integration_id: str) -> None:
        """Throw an unfinished set-up away."""
        reader = await current_reader()
        self._clear()
        name = "".join(card["name"] for card in self.cards if card["id"] == integration_id)
        try:
            await container.current().configuration.discard(reader.actor, shown_id(integration_id))
        except IntegrationAdminError as error:
            await self._refuse_and_look(error, reader)
            return
        await self._read(reader)
        self._announce(reader.speech.say(msg("The set-up of {name} is discarded.", name=name)))

    async def _refuse_and_look(self, error: IntegrationAdminError, reader: Reader) -> None:
        """Say why something was not done, and show how things stand: it may have been done in another tab meanwhile."""
        await self._read(reader)
        if not self.unread:
            self._refuse(error, reader.speech)

    async def _read(self, reader: Reader) -> None:
        services = container.current()
        self._clear()
        self.unread = False
        try:
            healths = await services.health.everything(reader.actor, failures=RECENT_ERRORS)
            self.cards = _told_apart([_card(view, health, reader.speech) for view, health in healths])
            self.types = await type_choices(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            self.cards, self.types, self.unread = [], [], True
        self.ready = True


def _told_apart(cards: list[IntegrationCard]) -> list[IntegrationCard]:
    """Number those of the same name, oldest first: their links and buttons would all be called the same."""
    times, seen = Counter(card["name"] for card in cards), Counter[str]()
    for card in cards:
        name = card["name"]
        seen[name] += 1
        if times[name] > 1:
            card["name"] = f"{name} ({seen[name]})"
    return cards


def _card(view: IntegrationView, health: Health, speech: Speech) -> IntegrationCard:
    draft = view.state is IntegrationState.DRAFT
    mend = view.state is IntegrationState.STOPPED or health.expiry is not None
    wizard = f"/settings/integrations/new?id={view.id}&step={view.step}"
    return {
        "id": str(view.id),
        "name": view.name,
        "type": speech.say(view.label),
        "status": str(health.status),
        "sentence": speech.say(health.sentence),
        "last_success": speech.instant(health.last_success_at),
        "delivered": speech.number(health.delivered_total),
        "waiting": speech.number(health.waiting),
        "failed": speech.number(health.failed + health.unknown),
        "errors": [
            {"record": failure.record_id, "reason": speech.pieces(failure.message)}
            for failure in health.failures
        ],
        "lifecycle": str(view.state),
        "running": health.active_run is not None,
        "next_run": speech.instant(health.next_run_at),
        "draft": draft,
        "href": wizard if draft else f"/settings/integrations/{view.id}",
        "credentials": f"/settings/integrations/{view.id}/credentials" if mend else "",
    }
