"""Why an integration is stopped, in a sentence: by the accounting system's refusal, or by this program itself."""

from datetime import date

from integration_admin.core.actor import actor_label
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState
from integration_admin.data.models import Integration

UNTESTED = msg("The credentials were changed. Nothing is exported until a connection test succeeds.")
_REMOVED = msg(
    "{person} removed the stored secrets. Nothing is exported until new ones are entered and a connection test"
    " succeeds.",
    person="",
)
UNREADABLE = msg("The stored credentials cannot be read any more. Enter them again.")
RESTORED = msg(
    "Paused, because the database was restored from a backup. What was exported after that backup was made is not"
    " known here, so every record is looked up in the accounting system before it goes out. Where that cannot be"
    " asked, compare before you resume."
)
_SAVED_UNTESTED = msg("{person} saved it without a passed connection test: “{reason}”", person="", reason="")
_BY_PEOPLE = frozenset({UNTESTED.template, _REMOVED.template})
_OURS = _BY_PEOPLE | {UNREADABLE.template}


def removed_by(person: str) -> Message:
    """Say who took the secrets away, and what is needed to go on."""
    return Message(_REMOVED.template, {"person": actor_label(person)})


def saved_untested(person: str, reason: str) -> Message:
    """Say who saved a set-up whose connection had not been tested, and why."""
    return Message(_SAVED_UNTESTED.template, {"person": actor_label(person), "reason": reason})


def why_paused(integration: Integration) -> Message:
    """Say that a paused integration exports nothing, why where that is known, and what to do about it."""
    if integration.stop_message is None:
        return msg("Paused. Nothing is exported until you resume it.")
    if is_restored(integration):
        return RESTORED
    return msg(
        "Paused. {reason} Test the connection; once that succeeds you can resume the export.",
        reason=Message.from_json(integration.stop_message),
    )


def is_restored(integration: Integration) -> bool:
    """Tell whether an integration is paused because it came out of a backup."""
    reason = integration.stop_message
    return reason is not None and Message.from_json(reason).template == RESTORED.template


def own_reason(integration: Integration) -> Message | None:
    """Return why this program stopped an integration by itself; none where the accounting system refused."""
    reason = Message.from_json(integration.stop_message) if integration.stop_message else None
    return reason if reason is not None and reason.template in _OURS else None


def is_news(integration: Integration) -> bool:
    """Tell whether an integration is stopped without anybody's doing, so that people have to be told."""
    own = own_reason(integration)
    return integration.state is IntegrationState.STOPPED and (own is None or own.template not in _BY_PEOPLE)


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
