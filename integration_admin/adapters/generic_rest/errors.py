"""What an answer without success means to a person: whose fault it is, and what to do about it.

What it means for what was sent is decided by the table in adapters/answers.py.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from integration_admin.adapters.answers import Meaning, retry_after
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg

_USUAL_WAIT: Final = 5.0

REFUSED_SIGN_IN: Final = msg(
    "The accounting system refuses the credentials. Check that all of them were copied, and that they are"
    " still in force."
)
_REFUSED_SIGN_IN_SAYS = msg(
    "The accounting system refuses the credentials. Check that all of them were copied, and that they are"
    " still in force. It says: “{words}”"
)
_NO_RIGHT_SAYS = msg(
    "The accounting system does not let these credentials do this. Ask those who run it for the right to book"
    " vouchers. It says: “{words}”"
)
_NO_NEWS: Final = frozenset({"unauthorized", "unauthorised", "forbidden"})
"""What says no more than the status does."""
_NO_SUCH_SCOPE = msg("No token is given out for the scope “{scope}”. Check Scope, or leave it empty.")
_NO_SCOPE = msg(
    "No token is given out without a scope. Ask those who run the accounting system what to write there."
)
_OTHER_GRANT = msg(
    "This client may not get a token by its secret alone. Ask those who run the accounting system to allow it client"
    " credentials."
)
REFUSED_CERTIFICATE: Final = msg(
    "The accounting system does not accept the client certificate. Ask those who run it whether they know it."
)
_NO_RIGHT = msg(
    "The accounting system does not let these credentials do this. Ask those who run it for the right to book"
    " vouchers."
)
_REDIRECT = msg(
    "The address sends us on to another one, which is not followed. Enter the address it leads to."
)
_NOTHING_THERE = msg(
    "There is nothing at {address} that takes this ({status}). Check the address and the path."
)
_OTHER = msg("{address} does not take what is sent to it ({status}). Check the path and how to sign in.")
_OTHER_SAYS = msg(
    "{address} does not take what is sent to it ({status}). It says: “{words}” Check the path and how to sign in."
)
_TOO_MANY = msg("The accounting system has had too many requests. The export goes on after a pause.")
_BROKEN = msg("The accounting system answers with a fault of its own ({status}). Try again in a few minutes.")
_BROKEN_AFTER_SENDING = msg(
    "The accounting system answers with a fault of its own ({status}). Before you try again, check there whether"
    " what was sent arrived."
)
_UNCLEAR = msg(
    "The accounting system answers {status}, which does not say whether what was sent was booked. It is looked"
    " up there later."
)


def not_taken(
    meaning: Meaning, status: int, headers: Mapping[str, str], address: str, now: datetime, words: str
) -> AdapterError:
    """Return the error for an answer to something that was sent, where it means neither taken nor rejected.

    `words` are the far side's own, made fit to show, where it has any.
    """
    internal = f"status {status}"
    if meaning is Meaning.STOP:
        return _sign_in(status, words)
    if meaning is Meaning.CONFIGURATION:
        return AdapterError(
            _configuration(status, address, words), Fault.CONFIG, code=_code(status), internal=internal
        )
    if meaning is Meaning.WAIT:
        return _too_many(status, headers, now)
    sentence = _BROKEN_AFTER_SENDING if status >= 500 else _UNCLEAR
    return AdapterError(
        Message(sentence.template, {"status": str(status)}),
        Fault.UNKNOWN_OUTCOME,
        code=_code(status),
        retry_after=retry_after(headers.get("retry-after"), now),
        internal=internal,
    )


def not_answered(
    status: int, headers: Mapping[str, str], address: str, now: datetime, words: str = ""
) -> AdapterError:
    """Return the error for a question, which changes nothing, that was not answered; `words` as in `not_taken`."""
    if status in {401, 403}:
        return _sign_in(status, words)
    if status == 429 or (status == 503 and "retry-after" in headers):
        return _too_many(status, headers, now)
    internal = f"status {status}"
    if status >= 500 or status < 300:
        message = Message(_BROKEN.template, {"status": str(status)})
        return AdapterError(message, Fault.UPSTREAM, code=_code(status), internal=internal)
    message = _configuration(status, address, words)
    return AdapterError(message, Fault.CONFIG, code=_code(status), internal=internal)


def no_token(status: int, error: str, scope: str) -> AuthenticationFailed:
    """Return the error for a token that was refused, by OAuth's own word for it (RFC 6749, section 5.2)."""
    internal = f"token endpoint, status {status}"
    if error == "invalid_scope":
        message = Message(_NO_SUCH_SCOPE.template, {"scope": scope}) if scope else _NO_SCOPE
        return AuthenticationFailed(message, code=error, internal=internal)
    if error in {"unauthorized_client", "unsupported_grant_type"}:
        return AuthenticationFailed(_OTHER_GRANT, code=error, internal=internal)
    return AuthenticationFailed(REFUSED_SIGN_IN, internal=internal)


def refuses_certificate(response: Response) -> bool:
    """Tell whether a web server in front of the interface wants a client certificate, or another one.

    nginx says so with a page and the status 400, which would else count against the voucher
    (https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors).
    """
    return response.status in {400, 495, 496} and b"SSL certificate" in response.body[:2_048]


def rejection(words: str, status: int) -> Message:
    """Return why the far side refused one voucher, in its own words where it has any."""
    if words:
        return msg("The accounting system refused the voucher. It says: “{words}”", words=words)
    return msg("The accounting system refused the voucher ({status}) and does not say why.", status=status)


def misshapen(*, detail: str) -> AdapterError:
    """Return the error for an answer whose form is not the one the settings describe."""
    return AdapterError(
        msg("The answer has another form than the settings say. Check where things are in the answers."),
        Fault.UPSTREAM,
        code="shape",
        internal=detail,
    )


def too_many_pages(most: int) -> AdapterError:
    """Return the error for a list of accounts that is longer than anybody waits for; its form is right."""
    sentence = msg(
        "The list of accounts has more than {count} pages. Ask for more accounts a page in its path, such as with"
        " ?limit=500, where the accounting system allows it.",
        count=most,
    )
    return AdapterError(sentence, Fault.UPSTREAM, code="pages", internal="the accounts have too many pages")


def as_unknown(error: AdapterError) -> AdapterError:
    """Return the error as one after which something may have been booked."""
    return AdapterError(error.message, Fault.UNKNOWN_OUTCOME, code=error.code, internal=error.internal)


def as_upstream(error: AdapterError) -> AdapterError:
    """Return the error of a question that changes nothing: a lost answer leaves no doubt behind."""
    if error.fault is not Fault.UNKNOWN_OUTCOME:
        return error
    return AdapterError(error.message, Fault.UPSTREAM, code=error.code, internal=error.internal)


def _sign_in(status: int, words: str) -> AuthenticationFailed:
    says = {} if words.casefold().strip(" .!") in _NO_NEWS | {""} else {"words": words}
    if status == 403:
        message = Message(_NO_RIGHT_SAYS.template, says) if says else _NO_RIGHT
        return AuthenticationFailed(message, code="forbidden", internal="status 403")
    message = Message(_REFUSED_SIGN_IN_SAYS.template, says) if says else REFUSED_SIGN_IN
    return AuthenticationFailed(message, internal="status 401")


def _too_many(status: int, headers: Mapping[str, str], now: datetime) -> AdapterError:
    asked = retry_after(headers.get("retry-after"), now)
    return AdapterError(
        _TOO_MANY,
        Fault.RATE_LIMITED,
        code="rate_limit",
        retry_after=_USUAL_WAIT if asked is None else asked,
        internal=f"status {status}",
    )


def _configuration(status: int, address: str, words: str) -> Message:
    if 300 <= status < 400:
        return _REDIRECT
    values = {"address": address, "status": str(status)}
    if status in {404, 405, 410}:
        return Message(_NOTHING_THERE.template, values)
    return (
        Message(_OTHER_SAYS.template, values | {"words": words})
        if words
        else Message(_OTHER.template, values)
    )


def _code(status: int) -> str:
    return f"http_{status}"
