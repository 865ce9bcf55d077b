"""What is left out of what an integration sends: the choices, and what a saved change does to what waits."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.excluded_data import ALWAYS_LEFT_OUT, Choice, ExcludedView, Group
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.preview import PreviewState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech


class ChoiceLine(TypedDict):
    """One thing that can be left out."""

    name: str
    label: str
    help: str
    left_out: bool


class ExcludedDataState(FormState, rx.State):
    """What one integration leaves out."""

    ready: bool = False
    integration_id: str = ""
    version: int = 0
    people: list[ChoiceLine] = []  # noqa: RUF012, Reflex copies defaults
    texts: list[ChoiceLine] = []  # noqa: RUF012, Reflex copies defaults
    others: list[ChoiceLine] = []  # noqa: RUF012, Reflex copies defaults
    activities: list[ChoiceLine] = []  # noqa: RUF012, Reflex copies defaults
    categories: list[ChoiceLine] = []  # noqa: RUF012, Reflex copies defaults
    always: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    """What no choice can let out, and why."""
    sent: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    """Every field that is sent, and what it is read from."""
    saved: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """What the change that was just saved does to what waits."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read what is left out."""
        reader = await current_reader()
        self._clear()
        self.ready, self.saved = False, []
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        self.integration_id = str(integration_id)
        try:
            view = await container.current().excluded_data.read(reader.actor, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._show(view, reader.speech)
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Leave out what is ticked, and say what that does to what waits."""
        reader = await current_reader()
        self._clear()
        self.saved = []
        integration_id = shown_id(self.integration_id)
        names = [name for name in self._names() if form.get(name) in (True, "true", "on")]
        excluded_data = container.current().excluded_data
        try:
            saved = await excluded_data.save(reader.actor, integration_id, self.version, names)
            self._show(await excluded_data.read(reader.actor, integration_id), reader.speech)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.version = saved.version
        self.saved = [reader.speech.say(sentence) for sentence in saved.sentences]
        return PreviewState.load()

    def _names(self) -> list[str]:
        groups = (self.people, self.texts, self.others, self.activities, self.categories)
        return [line["name"] for group in groups for line in group]

    def _show(self, view: ExcludedView, speech: Speech) -> None:
        self.version = view.version
        lines: dict[Group, list[ChoiceLine]] = {group: [] for group in Group}
        for choice in view.choices:
            lines[choice.group].append(_line(choice, speech))
        self.people, self.texts, self.others = lines[Group.PEOPLE], lines[Group.TEXTS], lines[Group.OTHERS]
        self.activities, self.categories = lines[Group.ACTIVITIES], lines[Group.CATEGORIES]
        self.always = [(speech.say(what), speech.say(why)) for what, why in ALWAYS_LEFT_OUT]
        self.sent = [
            (speech.say(label), ", ".join(speech.say(origin) for origin in origins))
            for label, origins in view.sent
        ]


def _line(choice: Choice, speech: Speech) -> ChoiceLine:
    said = [speech.say(sentence) for sentence in (choice.about, *choice.effects)]
    return {
        "name": choice.name,
        "label": speech.say(choice.label),
        "help": " ".join(sentence for sentence in said if sentence),
        "left_out": choice.left_out,
    }
