"""Answers that are no GraphQL: what stands in Xledger's place, or in front of it, each in its own sentence."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from integration_admin.adapters.answers import retry_after
from integration_admin.adapters.xledger.errors import Cause
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg

_USUAL_WAIT = 5.0


class Answer(Enum):
    """What answered instead: the machine's code, whose fault for a question, and the sentence."""

    REDIRECT = (
        "redirect",
        Fault.CONFIG,
        msg("The address sends us on to another one, which Xledger never does. Check the address."),
    )
    FORBIDDEN = (
        "forbidden",
        Fault.CONFIG,
        msg("The request was turned away before it came to Xledger. Ask whether a firewall stands between."),
    )
    NOT_FOUND = (
        "not_found",
        Fault.CONFIG,
        msg(
            "There is no Xledger at this address. Check that it is the whole one, as a rule ending in /graphql."
        ),
    )
    TOO_MANY = ("burst_limit", Fault.RATE_LIMITED, Cause.BURST.sentence)
    SERVER_ERROR = (
        "server_error",
        Fault.UPSTREAM,
        msg("Xledger answers with a fault of its own ({status}). Try again in a few minutes."),
    )
    PAGE = (
        "html",
        Fault.CONFIG,
        msg("A web page answers at this address, not Xledger's interface for programs. Check the address."),
    )
    NOT_JSON = (
        "not_json",
        Fault.UPSTREAM,
        msg(
            "The answer cannot be read as data from Xledger. Check the address, or try again in a few minutes."
        ),
    )

    def __init__(self, code: str, fault: Fault, sentence: Message) -> None:
        self.code = code
        self.fault = fault
        self.sentence = sentence


_BY_STATUS = {
    HTTPStatus.FORBIDDEN: Answer.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Answer.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Answer.NOT_FOUND,
    HTTPStatus.GONE: Answer.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: Answer.TOO_MANY,
}

UNCLEAR = frozenset({Answer.SERVER_ERROR.code, Answer.PAGE.code, Answer.NOT_JSON.code})
"""Codes of answers after which a mutation may have been carried out all the same."""


def not_graphql(status: int, headers: Mapping[str, str], *, is_page: bool, now: datetime) -> AdapterError:
    """Return what an answer without a GraphQL body means; `is_page` tells that it is HTML."""
    internal = f"no GraphQL answer, status {status}"
    if status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationFailed(Cause.TOKEN.sentence, code=Cause.TOKEN.code, internal=internal)
    answer = _answer(status, is_page=is_page)
    return AdapterError(
        Message(answer.sentence.template, {"status": str(status)}),
        answer.fault,
        code=answer.code,
        retry_after=_wait(headers, now) if answer is Answer.TOO_MANY else None,
        internal=internal,
    )


def _answer(status: int, *, is_page: bool) -> Answer:
    if status in _BY_STATUS:
        return _BY_STATUS[HTTPStatus(status)]
    if 300 <= status < 400:
        return Answer.REDIRECT
    if status >= 500:
        return Answer.SERVER_ERROR
    return Answer.PAGE if is_page else Answer.NOT_JSON


def _wait(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds the server asks to wait, else the usual ones."""
    asked = retry_after(headers.get("retry-after"), now)
    return _USUAL_WAIT if asked is None else asked
