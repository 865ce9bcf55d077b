"""Notices on the organisation's page: what is told and to whom, the webhook's key, a test, and how deliveries went."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import NoticeState, Permission
from integration_admin.services import container
from integration_admin.services.notice_choices import Choices, LogLine
from integration_admin.services.notice_outbox import KINDS
from integration_admin.services.notice_words import heading
from integration_admin.states.access import requires
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import ReauthenticationState, require_recent_password
from integration_admin.states.speech import Speech

KEY_FIELD = "signing_key"
"""The id of the field the new key is written into; it goes there past every var, for vars are kept."""
_LONGEST = 2100


class KindLine(TypedDict):
    """One kind of notice, as a box to tick."""

    name: str
    label: str
    chosen: bool


class NoticeLine(TypedDict):
    """One notice's way to one recipient; `state` is empty where nobody had asked for it."""

    key: str
    at: str
    heading: str
    integration: str
    to: str
    state: str
    about: str


class NoticesState(FormState, rx.State):
    """What the organisation's administrators choose, and what came of it."""

    ready: bool = False
    version: int = 0
    kinds: list[KindLine] = []  # noqa: RUF012, Reflex copies defaults
    administrators: str = ""
    deputy: str = ""
    webhook: str = ""
    key_made: str = ""
    key_is_shown: bool = False
    keys_made: int = 0
    """How often a key was made here; each time is told."""
    mail_is_set_up: bool = True
    saved: bool = False
    tested: list[NoticeLine] = []  # noqa: RUF012, Reflex copies defaults
    """How the test just made went, one line a recipient."""
    lines: list[NoticeLine] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> rx.event.EventSpec:
        """Read what is chosen and what was told; for those who may choose."""
        reader = await current_reader()
        self._begin()
        self.ready, self.key_is_shown = False, False
        await self._read(reader)
        self.times_read += 1
        self.ready = True
        return ReauthenticationState.load

    @rx.event
    @requires(Permission.CONFIGURE)
    async def save(self, form: dict) -> None:
        """Keep what is chosen."""
        reader = await current_reader()
        self._begin()
        chosen = [str(kind) for kind in KINDS if form.get(f"notice-{kind}")]
        deputy, webhook = (str(form.get(name, ""))[:_LONGEST] for name in ("deputy_email", "webhook_url"))
        try:
            await container.current().notice_choices.save(reader.actor, self.version, chosen, deputy, webhook)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        await self._read(reader)
        self.saved = True
        self.times_told += 1

    @rx.event
    @requires(Permission.CONFIGURE)
    async def renew_key(self) -> rx.event.EventSpec | None:
        """Make the webhook's signing key, and write it into its field, this once."""
        reader = await current_reader()
        self._begin()
        try:
            await require_recent_password(self)
            key = await container.current().notice_choices.make_key(reader.actor, self.version)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        await self._read(reader)
        self.key_is_shown = True
        self.keys_made += 1
        return rx.set_value(KEY_FIELD, key.reveal())

    @rx.event
    @requires(Permission.CONFIGURE)
    async def test(self) -> None:
        """Send a test to the one who asks and to the webhook, and say how it went."""
        reader = await current_reader()
        self._begin()
        try:
            lines = await container.current().notice_choices.test(reader.actor)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        await self._read(reader)
        self.tested = [_line(number, line, reader.speech) for number, line in enumerate(lines)]
        self.times_told += 1

    def _begin(self) -> None:
        self._clear()
        self.saved, self.tested = False, []

    async def _read(self, reader: Reader) -> None:
        choices = container.current().notice_choices
        self._show(await choices.get(reader.actor), reader.speech)
        log = await choices.log(reader.actor)
        self.lines = [_line(number, line, reader.speech) for number, line in enumerate(log)]

    def _show(self, choices: Choices, speech: Speech) -> None:
        self.version, self.mail_is_set_up = choices.version, choices.mail_is_set_up
        self.kinds = [
            KindLine(name=f"notice-{kind}", label=speech.say(heading(kind)), chosen=kind in choices.kinds)
            for kind in KINDS
        ]
        self.administrators = ", ".join(choices.administrators)
        self.deputy, self.webhook = choices.deputy_email, choices.webhook_url
        self.key_made = speech.instant(choices.key_made_at)


def _line(number: int, line: LogLine, speech: Speech) -> NoticeLine:
    return NoticeLine(
        key=f"{line.created_at.isoformat()}:{number}",
        at=speech.instant(line.created_at),
        heading=speech.say(heading(line.kind)),
        integration=line.integration,
        to=line.address or speech.say(_recipient(line)),
        state=str(line.state or ""),
        about=speech.say(_about(line, speech)),
    )


def _recipient(line: LogLine) -> Message:
    if line.channel is None:
        return msg("Nobody has chosen to hear of this")
    return msg("The webhook")


def _about(line: LogLine, speech: Speech) -> Message | None:
    """Say why it has not arrived, how often it was tried, and when it is tried again."""
    if line.error is None or line.state is NoticeState.SENT:
        return None
    if line.state is NoticeState.GIVEN_UP or line.due_at is None:
        return msg("{reason} Tries: {count}. It is not tried again.", reason=line.error, count=line.attempts)
    at = speech.instant(line.due_at)
    return msg("{reason} Tries: {count}. Next try: {time}.", reason=line.error, count=line.attempts, time=at)
