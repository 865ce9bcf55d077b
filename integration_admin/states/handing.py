"""What pages that make one-time links share: saying how the link got on its way, or showing it once to be passed on."""

import reflex as rx

from integration_admin.core.messages import msg
from integration_admin.services.one_time_links import Handed
from integration_admin.states.speech import Speech

LINK_FIELD = "one-time-link"
"""The id of the field a link is written into; it goes there past every var, for vars are kept."""


class HandingState(rx.State, mixin=True):
    """How the link that was just made got on its way."""

    mailed: str = ""
    """The sentence that it was sent."""
    to_pass_on: str = ""
    """The sentence that somebody must pass it on; the field with the link is shown with it."""

    times_handed: int = 0
    """How often a link was made here; each time is told."""
    _handed_to: str = ""
    """Whose link is shown."""

    def _forget_handed(self) -> None:
        self.mailed, self.to_pass_on, self._handed_to = "", "", ""

    def _hand(self, handed: Handed, speech: Speech) -> rx.event.EventSpec | None:
        """Say where the link went; without e-mail, write it into its field."""
        self._forget_handed()
        self.times_handed += 1
        if handed.address is None:
            self.mailed = speech.say(msg("The link is sent to {person}.", person=handed.email))
            return None
        self._handed_to = handed.email
        reason = f"{speech.say(handed.trouble)} " if handed.trouble else ""
        self.to_pass_on = reason + speech.say(
            msg(
                "Give the link below to {person} yourself, in a way nobody else can read.",
                person=handed.email,
            )
        )
        return rx.set_value(LINK_FIELD, handed.address.reveal())
