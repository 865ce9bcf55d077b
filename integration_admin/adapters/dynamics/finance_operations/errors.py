"""What the answers of Finance & Operations mean to a person: whose fault it is, and the one next step.

Where an answer tells about a voucher is in refusals.py; what a status means for what was sent is decided by
the table in adapters/answers.py.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from integration_admin.adapters.answers import Meaning, retry_after
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

_USUAL_WAIT: Final = 5.0
_DEEPEST: Final = 5
_INFOLOG = re.compile(r"\bInfolog:\s*(.*)", re.DOTALL | re.IGNORECASE)
_SEVERITY = re.compile(r"(?:^|(?<=[;.\n])|(?<=^ ))\s*(?:Info|Warning|Error):\s*")
_VALIDATION = re.compile(r"[;.]?\s*validate(?:Field|Write)(?: method)? failed[^;]*", re.IGNORECASE)

_NOT_REGISTERED = msg(
    "Finance & Operations does not know this app. Whoever administers it opens System administration > Setup >"
    " Microsoft Entra applications, and enters the application (client) ID with a user."
)
_NO_RIGHT = msg(
    "Finance & Operations does not let this app's user do this. Whoever administers it gives the user named under"
    " Microsoft Entra applications a role that may read and write general journals."
)
_REDIRECT = msg(
    "The address sends us on to another one, which is not followed. Enter the address it leads to."
)
_NOTHING_THERE = msg(
    "There is no {entity} at this address ({status}). Check that the address is that of Finance & Operations."
)
_REFUSED_QUESTION = msg("Finance & Operations refused a question. It says: “{words}”")
_REFUSED_SILENTLY = msg(
    "Finance & Operations refused a question ({status}) and does not say why. Check the address."
)
_TOO_MANY = msg("Finance & Operations has had too many requests. The export goes on after a pause.")
_BROKEN = msg("Finance & Operations answers with a fault of its own ({status}). Try again in a few minutes.")
_UNCLEAR = msg(
    "Finance & Operations answers {status}, which does not say whether what was sent was booked. It is looked up"
    " there later."
)
_RENEWED = msg("The sign-in had run out in the middle. It was renewed, and the export goes on.")


def own_words(response: Response, *secrets: Secret) -> str:
    """Return why something was refused, in the other side's words made fit to show; empty where it says nothing.

    The words stand in the inmost `innererror`, after “Infolog:”; the trace of its code is left where it is.
    """
    message = _inmost(_object(response).get("error"))
    infolog = _INFOLOG.search(message)
    words = _VALIDATION.sub("", infolog[1] if infolog else message)
    return scrub(_SEVERITY.sub(" ", words).strip(" ;"), *secrets).replace("..", ".")


def whole_words(response: Response) -> str:
    """Return all an answer says, for finding the field it names; not to be shown to anybody."""
    return _inmost(_object(response).get("error"))


def names_a_reason(response: Response) -> bool:
    """Tell whether an error comes from the business rules, as every refusal with an Infolog does.

    Such refusals come with status 500 as well as 400; a 500 without one is a fault of theirs.
    """
    message = _inmost(_object(response).get("error"))
    return bool(_INFOLOG.search(message)) or message.lower().startswith("write failed")


def not_answered(response: Response, entity: str, now: datetime, *secrets: Secret) -> AdapterError:
    """Return the error for a question, which books nothing, that was not answered."""
    status = response.status
    if status in {401, 403}:
        return no_access(status)
    if status == 429 or (status == 503 and "retry-after" in response.headers):
        return too_many(status, response.headers, now)
    internal = f"status {status}"
    if (status >= 500 and not names_a_reason(response)) or status < 300:
        message = Message(_BROKEN.template, {"status": str(status)})
        return AdapterError(message, Fault.UPSTREAM, code=_code(status), internal=internal)
    return AdapterError(
        _refusal(response, entity, *secrets), Fault.CONFIG, code=_code(status), internal=internal
    )


def not_taken(meaning: Meaning, response: Response, now: datetime) -> AdapterError:
    """Return the error for a whole batch that was neither carried out nor refused for what it says."""
    status = response.status
    if meaning is Meaning.STOP:
        return no_access(status)
    if meaning is Meaning.WAIT:
        return too_many(status, response.headers, now)
    if meaning is Meaning.CONFIGURATION:
        return AdapterError(
            _refusal(response, "$batch"), Fault.CONFIG, code=_code(status), internal=f"status {status}"
        )
    return AdapterError(
        Message(_UNCLEAR.template, {"status": str(status)}),
        Fault.UNKNOWN_OUTCOME,
        code=_code(status),
        retry_after=retry_after(response.headers.get("retry-after"), now),
        internal=f"$batch, status {status}",
    )


def no_access(status: int) -> AuthenticationFailed:
    """Return the error for a good token that opens nothing: who is behind it is set up in the other system."""
    if status == 403:
        return AuthenticationFailed(_NO_RIGHT, code="forbidden", internal="status 403")
    return AuthenticationFailed(_NOT_REGISTERED, code="not_registered", internal="status 401")


def too_many(status: int, headers: Mapping[str, str], now: datetime) -> AdapterError:
    """Return the error for throttling, with the seconds to wait."""
    asked = retry_after(headers.get("retry-after"), now)
    return AdapterError(
        _TOO_MANY,
        Fault.RATE_LIMITED,
        code="rate_limit",
        retry_after=_USUAL_WAIT if asked is None else asked,
        internal=f"status {status}",
    )


def renewed() -> AdapterError:
    """Return the error for a batch whose token was refused, though a new one is good: it was not processed."""
    return AdapterError(
        _RENEWED, Fault.TRANSIENT, code="token_expired", retry_after=0.0, internal="$batch, status 401"
    )


def misshapen(*, detail: str) -> AdapterError:
    """Return the error for data that has another form than asked for."""
    return AdapterError(
        msg(
            "The answer of Finance & Operations has another form than expected. Tell those who run this program."
        ),
        Fault.UPSTREAM,
        code="shape",
        internal=detail,
    )


def with_fault(error: AdapterError, fault: Fault) -> AdapterError:
    """Return the error with another fault: what was asked decides what a lost answer means."""
    return AdapterError(
        error.message, fault, code=error.code, retry_after=error.retry_after, internal=error.internal
    )


def _refusal(response: Response, entity: str, *secrets: Secret) -> Message:
    status = response.status
    if 300 <= status < 400:
        return _REDIRECT
    words = own_words(response, *secrets)
    if status in {404, 405, 410} and not words:
        return Message(_NOTHING_THERE.template, {"entity": entity, "status": str(status)})
    if words:
        return Message(_REFUSED_QUESTION.template, {"words": words})
    return Message(_REFUSED_SILENTLY.template, {"status": str(status)})


def _object(response: Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except AdapterError:
        return {}
    return body if isinstance(body, dict) else {}


def _inmost(error: Any) -> str:
    """Return the message of the inmost error that has one; the outer ones only say that there was an error."""
    message = ""
    for _ in range(_DEEPEST):
        if not isinstance(error, dict):
            break
        if isinstance(error.get("message"), str) and error["message"].strip():
            message = error["message"]
        error = error.get("innererror") or error.get("internalexception")
    return message


def _code(status: int) -> str:
    return f"http_{status}"
