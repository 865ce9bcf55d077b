"""Filling in the credential form from an interface's own description. Nothing is stored before the form is sent."""

from collections.abc import AsyncIterator

import reflex as rx

from integration_admin.core.errors import AdapterError, IntegrationAdminError, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.api_description import MOST_FILE, MOST_PACKED
from integration_admin.states.access import requires
from integration_admin.states.credentials import CredentialState, fill
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader

MOST_PASTED = 400_000
"""Characters that can be pasted: one event through the browser's connection holds a megabyte at the most."""

__all__ = ["MOST_FILE", "MOST_PACKED", "MOST_PASTED", "DescriptionState"]


class DescriptionState(FormState, rx.State):
    """What a description that was read has led to."""

    reading: bool = False
    found: str = ""
    notes: list[str] = []  # noqa: RUF012, Reflex copies defaults
    operations: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    """Name and words of each operation that could be chosen to send by."""
    fields: list[str] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Begin with nothing read."""
        self._clear()
        self.reading, self.found, self.notes, self.operations, self.fields = False, "", [], [], []

    @rx.event
    @requires(Permission.CONFIGURE)
    async def read(self, form: dict) -> AsyncIterator[None]:
        """Read the description in a file, the one that was pasted or the one at an address, and fill in the form."""
        reader = await current_reader()
        self._clear()
        self.reading, self.found, self.notes, self.fields = True, "", [], []
        yield
        credentials = await self.get_state(CredentialState)
        url, pasted, packed, operation = (
            str(form.get(name, "")).strip()
            for name in ("description_url", "description", "description_file", "description_operation")
        )
        services = container.current().descriptions
        try:
            _check(url, pasted, packed)
            asked = operation if operation in dict(self.operations) else ""
            if packed:
                proposal = await services.propose_packed(
                    reader.actor, credentials.kind, packed, address=url, operation=asked
                )
            elif pasted:
                proposal = await services.propose(
                    reader.actor, credentials.kind, pasted, address=url, operation=asked
                )
            else:
                proposal = await services.propose_from(reader.actor, credentials.kind, url, operation=asked)
        except AdapterError as error:
            self._refuse(
                InvalidInput(error.message, fields={"description_url": error.message}), reader.speech
            )
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        else:
            fill(credentials, proposal.settings)
            self.operations = [
                (each.name, f"{each.name} {each.summary}".strip()) for each in proposal.operations
            ]
            self.notes = [reader.speech.say(note) for note in proposal.notes]
            self.fields = [each.path for each in proposal.fields]
            self.found = reader.speech.say(
                msg(
                    "The form below is filled in for {operation}. Look it over, add what is secret, and test it.",
                    operation=proposal.operation.name,
                )
            )
        finally:
            self.reading = False


def _check(url: str, pasted: str, packed: str) -> None:
    """Raise InvalidInput unless there is something to read that came here whole."""
    if not url and not pasted and not packed:
        sentence = msg("Give the address of the description, choose its file, or paste it.")
        raise InvalidInput(sentence, fields={"description_url": sentence})
    if len(pasted) >= MOST_PASTED:
        sentence = msg("This is too long to be pasted. Choose its file instead.")
        raise InvalidInput(sentence, fields={"description": sentence})
