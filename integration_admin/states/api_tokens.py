"""API tokens on their page: the list, making one, which is shown once, and revoking one."""

from datetime import date
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.tokens import (
    INTEGRATIONS_READ,
    RECORDS_READ,
    RECORDS_WRITE,
    RUNS_WRITE,
    SCOPES,
    ApiTokenView,
)
from integration_admin.states.access import requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.reauthentication import ReauthenticationState, require_recent_password
from integration_admin.states.speech import Speech

TOKEN_FIELD = "new-api-token"  # noqa: S105, the id of a field
"""The field the new token is written into; it goes there past every var, for vars are kept."""
SCOPE_WORDS: dict[str, Message] = {
    RECORDS_WRITE: msg("Hand over records"),
    RECORDS_READ: msg("Read records"),
    INTEGRATIONS_READ: msg("Read integrations"),
    RUNS_WRITE: msg("Start and stop exports"),
}
_LONGEST = 200


class ApiTokenLine(TypedDict):
    """One API token; the token itself is nowhere."""

    id: str
    name: str
    may: str
    made: str
    used: str
    good_until: str
    is_over: bool


class ScopeLine(TypedDict):
    """One thing a token may do, as a box to tick."""

    name: str
    label: str


class ApiTokensState(FormState, rx.State):
    """The organisation's API tokens, for administrators."""

    ready: bool = False
    lines: list[ApiTokenLine] = []  # noqa: RUF012, Reflex copies defaults
    scopes: list[ScopeLine] = []  # noqa: RUF012, Reflex copies defaults
    shows_new: bool = False
    revoked: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The sentence that one was revoked; it is drawn anew for each, so that the next one is read out too."""
    _earlier: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The tokens there were before the one that is shown."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> rx.event.EventSpec | None:
        """Read which tokens there are."""
        reader = await current_reader()
        self._clear()
        self.ready, self.shows_new, self.revoked = False, False, []
        try:
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self.times_read += 1
        self.ready = True
        return ReauthenticationState.load

    @rx.event
    @requires(Permission.CONFIGURE)
    async def make(self, form: dict) -> rx.event.EventSpec | None:
        """Make a token, and write it into its field, this once."""
        if self._is_sent_again(form):
            return None
        reader = await current_reader()
        # A token that is shown stays where the next one is refused: it is never shown again.
        self._clear()
        self.revoked = []
        wanted = [scope for scope in SCOPES if form.get(_box(scope))]
        name, last_day = (str(form.get(field, ""))[:_LONGEST] for field in ("name", "last_day"))
        try:
            await require_recent_password(self)
            made = await container.current().tokens.create(reader.actor, wanted, name, _day(last_day))
            earlier = [line["id"] for line in self.lines]
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return None
        self._earlier = earlier
        self.times_read += 1
        self.shows_new = True
        return rx.set_value(TOKEN_FIELD, made.reveal())

    @rx.event
    @requires(Permission.CONFIGURE)
    async def revoke(self, token_id: str) -> None:
        """Let a token work no more."""
        reader = await current_reader()
        self._clear()
        self.revoked = []
        try:
            await container.current().tokens.revoke(reader.actor, shown_id(token_id))
            await self._read(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        # What is shown stays while it is another that is revoked: it is never shown again.
        self.shows_new = self.shows_new and str(token_id) in self._earlier
        self.revoked = [reader.speech.say(msg("The API token is revoked. It works no more."))]
        self.times_told += 1

    async def _read(self, reader: Reader) -> None:
        found = await container.current().tokens.everything(reader.actor)
        self.lines = [_line(one, reader.speech) for one in found]
        self.scopes = [
            ScopeLine(name=_box(scope), label=f"{reader.speech.say(words)} ({scope})")
            for scope, words in SCOPE_WORDS.items()
        ]


def _line(one: ApiTokenView, speech: Speech) -> ApiTokenLine:
    made = speech.day(one.created_at)
    by = msg("{day}, by {person}", day=made, person=speech.person(one.created_by))
    return ApiTokenLine(
        id=str(one.id),
        name=one.name,
        may=", ".join(speech.say(SCOPE_WORDS[scope]) for scope in one.scopes if scope in SCOPE_WORDS),
        made=speech.say(by) if one.created_by else made,
        used=speech.instant(one.last_used_at),
        good_until=speech.day(one.last_day),
        is_over=one.is_over,
    )


def _box(scope: str) -> str:
    return f"scope-{scope.replace(':', '-')}"


def _day(text: str) -> date | None:
    """Return a day as a browser's date field sends it, or none; raises InvalidInput."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        sentence = msg("This is not a date.")
        raise InvalidInput(sentence, fields={"last_day": sentence}) from None
