"""What signing in comes to: a session or a second step, of whom, in which browser, and for how long. Opened in sign_in.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import SignInStepKind
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, Session

IDLE = timedelta(hours=8)
LIFETIME = timedelta(days=7)
STEP_LIFETIMES = {
    SignInStepKind.CODE: timedelta(minutes=5),
    SignInStepKind.ENROL: timedelta(minutes=30),
    SignInStepKind.PROVIDER: timedelta(minutes=10),
}
"""How long somebody has after the password; setting up an app for the first time takes longer than a code."""

SESSION_SCHEME = "Session"
"""On a websocket the edge puts `Authorization: Session <fingerprint>` where the cookie was.

Reflex keeps the request's headers in its state and sends most of them back to the browser; this
one it does not send, and nobody can sign in with it.
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; the token goes into the cookie and is stored nowhere."""

    token: Secret
    expires_at: datetime
    actor: Actor
    language: str | None
    """The language the member has chosen, here or on another device."""
    device: Secret | None = None
    """What the browser keeps to be recognised by next time; it opens nothing."""


@dataclass(frozen=True, slots=True)
class Halfway:
    """The password was right and something must follow; the token opens nothing but that."""

    token: Secret
    kind: SignInStepKind


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of a browser: its IP address, the language chosen in it, what it says of itself."""

    address: str
    language: str | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a valid session belongs to."""

    actor: Actor
    session_id: uuid.UUID
    email: str
    language: str
    time_zone: str
    organisation: str
    authenticated_at: datetime
    """When the person last proved who they are, in this session or on the way to it."""

    @property
    def key(self) -> str:
        """Changes when another session, or another role, is behind the same browser tab."""
        return f"{self.session_id}:{self.actor.role}"


def counts(session: Session, member: Member, now: datetime) -> bool:
    """Tell whether a session is still good at `now`."""
    return (
        session.revoked_at is None
        and member.disabled_at is None
        and now < session.expires_at
        and now - session.last_seen_at < IDLE
    )


def actor_of(member: Member) -> Actor:
    """Return a member as who does something."""
    return Actor(member.organisation_id, member.name or member.email, member.role, member.id)


def principal_of(session: Session, member: Member, organisation: Organisation) -> Principal:
    """Return whom a session belongs to."""
    return Principal(
        actor=actor_of(member),
        session_id=session.id,
        email=member.email,
        language=member.language or organisation.language,
        time_zone=organisation.time_zone,
        organisation=organisation.name,
        authenticated_at=session.authenticated_at or session.created_at,
    )
