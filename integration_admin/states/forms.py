"""What states with a form share: the errors of a refused one, in the reader's language."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, InvalidInput
from integration_admin.states.speech import Speech


class FieldError(TypedDict):
    """One error, linked to its field by the field's id."""

    field: str
    message: str


class FormState(rx.State, mixin=True):
    """Errors by field for the error summary, and one sentence for all else."""

    errors: list[FieldError] = []  # noqa: RUF012, Reflex copies defaults
    refusal: str = ""
    times_refused: int = 0
    """The key of the refusal: one that comes twice is drawn anew, or nobody would hear of the second time."""
    announcement: str = ""
    """What a press here came to, for screen readers."""
    times_announced: int = 0
    """The key of the announcement: the same words a second time are read out a second time."""
    times_told: int = 0
    """The same for what else takes the focus or is read out, such as what was done."""
    times_read: int = 0
    """The key of what is drawn from stored values: fields keep what they first showed until it changes."""

    def _is_sent_again(self, form: dict) -> bool:
        """Tell whether this very form was taken a moment ago: somebody pressed twice before it was drawn anew.

        Its page tells which drawing it is by `ui.drawn`.
        """
        return str(form.get("drawn", "")) == str(self.times_read - 1)

    def _clear(self) -> None:
        self.errors = []
        self.refusal = ""

    def _forget_told(self) -> None:
        self._clear()
        self.announcement = ""

    def _refuse(self, error: IntegrationAdminError, speech: Speech) -> None:
        """Show why something was not done."""
        fields = error.fields if isinstance(error, InvalidInput) else {}
        self.errors = [{"field": name, "message": speech.say(text)} for name, text in fields.items()]
        self.refusal = "" if fields else speech.say(error.message)
        self.times_refused += 1

    def _announce(self, words: str) -> None:
        """Have something read out."""
        self.announcement = words
        self.times_announced += 1
