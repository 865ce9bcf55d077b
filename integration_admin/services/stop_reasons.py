"""Why an integration is stopped, in a sentence: by the accounting system's refusal, or by this program itself."""

from datetime import date

from integration_admin.core.messages import Message, msg
from integration_admin.data.models import Integration

UNTESTED = msg("The credentials were changed. Nothing is exported until a connection test succeeds.")
_REMOVED = msg(
    "{person} removed the stored secrets. Nothing is exported until new ones are entered and a connection test"
    " succeeds.",
    person="",
)
_OURS = frozenset({UNTESTED.template, _REMOVED.template})


def removed_by(person: str) -> Message:
    """Say who took the secrets away, and what is needed to go on."""
    return Message(_REMOVED.template, {"person": person})


def own_reason(integration: Integration) -> Message | None:
    """Return why this program stopped an integration by itself; none where the accounting system refused."""
    reason = Message.from_json(integration.stop_message) if integration.stop_message else None
    return reason if reason is not None and reason.template in _OURS else None


def why_stopped(integration: Integration, today: date) -> Message:
    """Say why a stopped integration exports nothing, and the one thing to do about it."""
    own = own_reason(integration)
    if own is not None:
        return own
    if integration.secrets_expire_on is not None and integration.secrets_expire_on < today:
        return msg(
            "The export has stopped: the accounting system refuses the credentials, and their expiry date has"
            " passed. Enter new ones."
        )
    return msg("The export has stopped: the accounting system refuses the credentials. Enter new ones.")
