"""What Microsoft Entra ID's refusals mean: who puts it right, and the one next step.

One table from AADSTS numbers, and one from OAuth's own words for numbers that are not in it (Microsoft
changes the numbers, not the words). Facts: Microsoft's list of Entra error codes and recorded answers.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from integration_admin.adapters.answers import retry_after
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

_USUAL_WAIT: Final = 10.0
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"AADSTS([0-9]{4,9})")
_TAIL = re.compile(r"\s*(?:Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)
_PREFIX = re.compile(r"^AADSTS[0-9]+:\s*")

WRONG_SECRET: Final = msg(
    "The client secret is wrong. In the Entra admin center, open App registrations > your app > Certificates &"
    " secrets, make a new secret, and copy it from the column Value at once: it is shown only then."
)
SECRET_ID: Final = msg(
    "This is the client secret's ID, not the secret. In the Entra admin center, open App registrations > your"
    " app > Certificates & secrets, and copy from the column Value. If the value is no longer shown, make a new"
    " secret."
)
EXPIRED_SECRET: Final = msg(
    "The client secret has expired. In the Entra admin center, open App registrations > your app > Certificates"
    " & secrets, make a new one and enter its value here."
)
MISSING_SECRET: Final = msg("The client secret is missing. Enter the secret's value.")
UNKNOWN_APP: Final = msg(
    "There is no app with this application (client) ID in your Entra tenant. Copy the ID from the app's"
    " overview in the Entra admin center, and check that the tenant ID is from the same page."
)
DISABLED_APP: Final = msg(
    "The app is switched off in your Entra tenant. Whoever administers Entra can allow sign-in under Enterprise"
    " applications > your app > Properties."
)
UNKNOWN_TENANT: Final = msg(
    "Microsoft knows no tenant with this ID. Copy the directory (tenant) ID from the overview in the Entra"
    " admin center."
)
SHARED_TENANT: Final = msg(
    "The tenant must be your own: enter its directory (tenant) ID instead of a word such as common or"
    " organizations."
)
WRONG_REQUEST: Final = msg(
    "Microsoft's sign-in finds something missing. Check that tenant ID, client ID and client secret are all"
    " filled in."
)
WRONG_SCOPE: Final = msg(
    "Your Entra tenant does not know this Dynamics system. Check that the tenant is the one where Dynamics is"
    " used, and the address if you entered one."
)
BLOCKED: Final = msg(
    "A rule in your Entra tenant (conditional access) keeps this app from signing in. Ask whoever administers"
    " Entra to let it."
)
BUSY: Final = msg("Microsoft's sign-in is not working just now. It is tried again in a few minutes.")
_TOO_MANY: Final = msg("Microsoft's sign-in has had too many requests. It is tried again after a pause.")
_NOT_THERE: Final = msg("There is no Microsoft sign-in at {host} ({status}). Check the address.")
_UNKNOWN: Final = msg("Microsoft's sign-in refuses the app. It says: “{words}”")
_SILENT: Final = msg(
    "Microsoft's sign-in refuses the app ({status}) and does not say why. Check tenant ID, client ID and client"
    " secret."
)
_UNREADABLE: Final = msg(
    "What answers at {host} is not Microsoft's sign-in. Check the address, or try again in a few minutes."
)
_SILENCE: Final = msg("Microsoft's sign-in at {host} did not answer in time. Try again in a few minutes.")

OF_NUMBER: Final[Mapping[int, Message]] = MappingProxyType(
    {
        7000215: WRONG_SECRET,
        7000222: EXPIRED_SECRET,
        7000218: MISSING_SECRET,
        7000216: MISSING_SECRET,
        700016: UNKNOWN_APP,
        7000112: DISABLED_APP,
        90002: UNKNOWN_TENANT,
        900023: UNKNOWN_TENANT,
        900144: WRONG_REQUEST,
        70011: WRONG_SCOPE,
        500011: WRONG_SCOPE,
        9001023: SHARED_TENANT,
        90124: SHARED_TENANT,
        90130: SHARED_TENANT,
        53003: BLOCKED,
    }
)
"""AADSTS number -> the sentence; all of these need the administrator."""
PASSING: Final = frozenset({90006, 90012, 90024, 90033, 90055})
"""AADSTS numbers of troubles on Microsoft's side that pass by themselves."""
OF_WORD: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "invalid_client": WRONG_SECRET,
        "unauthorized_client": UNKNOWN_APP,
        "invalid_tenant": UNKNOWN_TENANT,
        "invalid_scope": WRONG_SCOPE,
        "invalid_resource": WRONG_SCOPE,
    }
)
"""OAuth's word (`error`) -> the sentence, where the number is a new one and Microsoft gives no words."""


def refused(response: Response, secret: Secret, authority: str, now: datetime) -> AdapterError:
    """Return the error for an answer of the token endpoint that has no token in it.

    Nothing but Microsoft's own description, without the secret, gets into the message, and of its marks
    for tracing only GUIDs into the log's words.
    """
    body = _object(response)
    number = _number(body)
    hidden = (secret, Secret(secret.reveal().strip()))
    word = scrub(body.get("error") or "", *hidden)[:60]
    internal = _internal(response.status, word, number, body)
    if response.status == 429:
        return _wait(response, now, internal)
    if number in PASSING or word in {"temporarily_unavailable", "server_error"} or response.status >= 500:
        return AdapterError(BUSY, Fault.TRANSIENT, code="entra_busy", internal=internal)
    if not word:
        return _no_entra(response.status, authority, internal)
    return AuthenticationFailed(
        _sentence(number, word, scrub(_described(body), *hidden), secret, response.status),
        code=f"AADSTS{number}" if number else word,
        internal=internal,
    )


def unreachable(authority: str, error: AdapterError | None = None) -> AdapterError:
    """Return the error for a token endpoint that gave no whole answer: nothing was sent to the accounting."""
    if error is None:
        message = Message(_SILENCE.template, {"host": _host(authority)})
        return AdapterError(message, Fault.TRANSIENT, code="deadline", internal="waiting for a token")
    fault = error.fault if error.fault is Fault.CONFIG else Fault.TRANSIENT
    return AdapterError(error.message, fault, code=error.code, internal=f"token endpoint: {error.internal}")


def misshapen(authority: str, *, detail: str) -> AdapterError:
    """Return the error for an answer that says yes and holds no token; a portal may stand in between."""
    message = Message(_UNREADABLE.template, {"host": _host(authority)})
    return AdapterError(
        message, Fault.TRANSIENT, code="not_entra", internal=f"token endpoint: {scrub(detail)}"
    )


def no_secret() -> AuthenticationFailed:
    """Return the error for a secret that is empty, so that nothing has to be asked."""
    return AuthenticationFailed(MISSING_SECRET, code="secret_format")


def _sentence(number: int, word: str, words: str, secret: Secret, status: int) -> Message:
    if number == 7000215 and _GUID.fullmatch(secret.reveal().strip()):
        return SECRET_ID
    known = OF_NUMBER.get(number)
    if known is not None:
        return known
    if number and words:
        return Message(_UNKNOWN.template, {"words": words})
    silent = Message(_SILENT.template, {"status": str(status)})
    return OF_WORD.get(word, silent)


def _object(response: Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except AdapterError:
        return {}
    return body if isinstance(body, dict) else {}


def _number(body: Mapping[str, Any]) -> int:
    """Return the AADSTS number: the first of `error_codes`, else the one in the description, else 0."""
    codes = body.get("error_codes")
    if isinstance(codes, list):
        for code in codes:
            if isinstance(code, int) and not isinstance(code, bool):
                return code
    found = _NUMBER.search(str(body.get("error_description") or ""))
    return int(found[1]) if found else 0


def _described(body: Mapping[str, Any]) -> str:
    """Return Microsoft's words without the number and the marks for tracing.

    Those stand on lines of their own in older answers, and after spaces in newer ones.
    """
    return _PREFIX.sub("", _TAIL.sub("", str(body.get("error_description") or "")))


def _internal(status: int, word: str, number: int, body: Mapping[str, Any]) -> str:
    words = [f"token endpoint, status {status}", word, f"AADSTS{number}" if number else ""]
    words += [f"{mark} {body[mark]}" for mark in ("trace_id", "correlation_id") if _is_guid(body.get(mark))]
    return " ".join(filter(None, words))


def _is_guid(value: object) -> bool:
    return isinstance(value, str) and bool(_GUID.fullmatch(value))


def _wait(response: Response, now: datetime, internal: str) -> AdapterError:
    asked = retry_after(response.headers.get("retry-after"), now)
    return AdapterError(
        _TOO_MANY,
        Fault.RATE_LIMITED,
        code="rate_limit",
        retry_after=_USUAL_WAIT if asked is None else asked,
        internal=internal,
    )


def _no_entra(status: int, authority: str, internal: str) -> AdapterError:
    """Return the error for an answer without OAuth's words: something else answers there."""
    if status >= 300:
        message = Message(_NOT_THERE.template, {"host": _host(authority), "status": str(status)})
        return AdapterError(message, Fault.CONFIG, code="not_entra", internal=internal)
    return misshapen(authority, detail=internal)


def _host(authority: str) -> str:
    return urlsplit(authority).netloc or authority
