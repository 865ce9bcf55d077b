"""The earlier versions of a mapping as the mapping page lists them; going back to one is in mapping.py."""

from collections.abc import Sequence
from typing import TypedDict

import reflex as rx

from integration_admin.core.actor import actor_label
from integration_admin.core.errors import IntegrationAdminError, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.config_validator import Finding
from integration_admin.services.mapping_versions import SavedMapping
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

_AT_FIRST = 5
_MORE = 20
_SENTENCES = 12
_HIGHEST = 2**31 - 1


class VersionLine(TypedDict):
    """One version; `more` says how many changes are not listed, in a sentence."""

    number: int
    saved: str
    changes: list[str]
    more: str
    in_use: bool


class MappingVersionsState(rx.State):
    """What is listed, and how going back to a version went."""

    ready: bool = False
    versions: list[VersionLine] = []  # noqa: RUF012, Reflex copies defaults
    older: bool = False
    refusal: list[str] = []  # noqa: RUF012, Reflex copies defaults
    warnings: list[str] = []  # noqa: RUF012, Reflex copies defaults
    asked: int = 0
    """The version whose warnings wait to be accepted."""
    told: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """What was done last."""
    times_told: int = 0
    """How often something was told; the same once more takes the focus once more."""
    _of: str = ""
    _listed: int = _AT_FIRST

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> None:
        """List the newest versions of the mapping."""
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        if self._of != str(integration_id):
            self._of, self._listed = str(integration_id), _AT_FIRST
            start_over(self)
        reader = await current_reader()
        try:
            # One more tells whether there are older ones.
            found = await container.current().mapping_versions.list(
                reader.actor, integration_id, self._listed + 1
            )
        except IntegrationAdminError as error:
            tell_refusal(self, error, reader.speech)
            return
        self.older = len(found) > self._listed
        shown = found[: self._listed]
        self.versions = [
            _line(version, reader.speech, in_use=place == 0) for place, version in enumerate(shown)
        ]
        self.ready = True

    @rx.event
    @requires(Permission.VIEW)
    async def list_older(self) -> rx.event.EventSpec:
        """List more of them."""
        self._listed += _MORE
        return MappingVersionsState.load()


def known_number(number: object) -> int:
    """Return a version's number as the browser sent it, or one nothing has."""
    return number if isinstance(number, int) and 0 < number <= _HIGHEST else 0


def start_over(state: MappingVersionsState) -> None:
    """Forget what was said about the last try."""
    state.refusal, state.warnings, state.asked, state.told = [], [], 0, []


def tell_refusal(state: MappingVersionsState, error: IntegrationAdminError, speech: Speech) -> None:
    """Say why a version could not be gone back to, with what is wrong in each field."""
    about = error.fields.values() if isinstance(error, InvalidInput) else ()
    state.refusal = [speech.say(sentence) for sentence in (error.message, *about)]
    state.times_told += 1


def ask_about(state: MappingVersionsState, number: int, findings: Sequence[Finding], speech: Speech) -> None:
    """Show what is probably not meant, and wait for it to be accepted."""
    state.asked = number
    state.warnings = [speech.say(finding.message) for finding in findings]
    state.times_told += 1


def tell_restored(state: MappingVersionsState, number: int, speech: Speech) -> None:
    """Say that a version counts again."""
    state.told = [
        speech.say(msg("Version {number} is restored. It counts from the next export.", number=number))
    ]
    state.times_told += 1


def _line(version: SavedMapping, speech: Speech, *, in_use: bool) -> VersionLine:
    changes = [speech.say(sentence) for sentence in version.changes]
    if version.first:
        changes = [speech.say(msg("The first mapping that was kept."))]
    elif not changes:
        changes = [speech.say(msg("Nothing was changed."))]
    hidden = len(changes) - _SENTENCES
    more = msg("Further changes: {count}.", count=speech.number(hidden))
    return {
        "number": version.number,
        "saved": speech.say(_saved(version, speech)),
        "changes": changes[:_SENTENCES],
        "more": speech.say(more) if hidden > 0 else "",
        "in_use": in_use,
    }


def _saved(version: SavedMapping, speech: Speech) -> Message:
    at = speech.instant(version.saved_at)
    if version.saved_by:
        return msg("Saved {at} by {person}", at=at, person=actor_label(version.saved_by))
    return msg("Saved {at} or before; nobody knows by whom", at=at)
