"""Who reads the page an event came from: whom services act for, and in whose words answers are given."""

from dataclasses import dataclass

from integration_admin.core.actor import Actor
from integration_admin.core.errors import SignInRequired
from integration_admin.core.messages import msg
from integration_admin.states.access import current_principal
from integration_admin.states.speech import Speech


@dataclass(frozen=True, slots=True)
class Reader:
    """The signed-in person of this event."""

    actor: Actor
    speech: Speech


async def current_reader() -> Reader:
    """Return who sent the event being handled; raises SignInRequired."""
    principal = await current_principal()
    if principal is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return Reader(principal.actor, Speech(principal.language, principal.time_zone))
