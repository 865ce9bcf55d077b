"""What Xledger's `errors[]` mean: whose fault, what to do, and the vendor's words made fit to show.

The error texts and codes are those public client code handles (github.com/xledger/graphql-samples,
grasp-labs/ds-provider-xledger-py-lib); which HTTP status Xledger gives each is not documented, so a
status only decides where the body does not. Answers that are no GraphQL are in answers.py, what a
refused voucher means is in refusals.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from zoneinfo import ZoneInfo

from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

CREDITS_WAIT: Final = 1_200.0
"""Seconds to wait for new credits when Xledger names no time (its own sample waits 20 minutes)."""

_EXAMPLES = 50
"""More valid inputs than these are not looked at."""
_OSLO = ZoneInfo("Europe/Oslo")
"""Xledger writes times as Central European local time without an offset."""


class Cause(Enum):
    """Why Xledger answered with an error: the machine's code, whose fault, and the sentence."""

    BURST = (
        "burst_limit",
        Fault.RATE_LIMITED,
        msg("Xledger has had too many requests in a short time. The export goes on after a pause."),
    )
    CONCURRENCY = (
        "concurrency_limit",
        Fault.RATE_LIMITED,
        msg("Xledger is busy with another request for the same token. The export goes on in a moment."),
    )
    CREDITS = (
        "credits",
        Fault.RATE_LIMITED,
        msg(
            "Your allowance of requests in Xledger is used up for now. The export goes on when it is renewed."
        ),
    )
    HEADER = (
        "token_format",
        Fault.CONFIG,
        msg("Xledger says that this is not a token. Copy the whole token from Xledger again."),
    )
    EXPIRED = (
        "token_expired",
        Fault.CONFIG,
        msg(
            "The token has expired. Make a new one in Xledger under Administration > System Access > GraphQL"
            " > API tokens."
        ),
    )
    TOKEN = (
        "token_refused",
        Fault.CONFIG,
        msg(
            "Xledger refuses the token. Check that all of it was copied, and that it was made in the"
            " environment you chose."
        ),
    )
    SCOPE = (
        "scope",
        Fault.CONFIG,
        msg(
            "Xledger does not let this token do what the export needs. It says: “{words}”. Make a new token"
            " with read and write for General Ledger."
        ),
    )
    SCHEMA = (
        "schema",
        Fault.CONFIG,
        msg(
            "This Xledger does not know something the export asks for. Tell those who run this program that"
            " Xledger has changed."
        ),
    )
    BROKEN = (
        "server_error",
        Fault.UPSTREAM,
        msg("Xledger has a fault of its own at the moment. Try again in a few minutes."),
    )
    INVALID = ("invalid", Fault.UPSTREAM, msg("Xledger refused a question: {words}"))

    def __init__(self, code: str, fault: Fault, sentence: Message) -> None:
        self.code = code
        self.fault = fault
        self.sentence = sentence


LIMITS: Final = frozenset({Cause.BURST, Cause.CONCURRENCY, Cause.CREDITS})
"""Causes for which nothing was processed and a wait is all that is needed."""
TOKEN_CAUSES: Final = frozenset({Cause.HEADER, Cause.EXPIRED, Cause.TOKEN, Cause.SCOPE})
"""Causes for which no record is to blame and nothing was processed."""

_CODES = {
    "BAD_REQUEST.BURST_RATE_LIMIT_REACHED": Cause.BURST,
    "BAD_REQUEST.CONCURRENCY_LIMIT_REACHED": Cause.CONCURRENCY,
    "BAD_REQUEST.INSUFFICIENT_CREDITS": Cause.CREDITS,
    "INVALID_VALUE": Cause.INVALID,
    "ARGUMENTS_OF_CORRECT_TYPE": Cause.INVALID,
}
_ABOUT_AN_INPUT = re.compile(r"[a-z][\w.\[\]]*: ")
_PHRASES: tuple[tuple[re.Pattern[str], Cause], ...] = tuple(
    (re.compile(phrases, re.IGNORECASE), cause)
    for phrases, cause in (
        (r"bad format for api token", Cause.HEADER),
        (r"token.*expired|expired.*token", Cause.EXPIRED),
        (r"\bscopes?\b|forbidden|access denied", Cause.SCOPE),
        (r"api token|invalid token|unauthenticated|unauthori[sz]ed", Cause.TOKEN),
        (r"cannot query field|unknown (argument|type|field)|is not defined by type", Cause.SCHEMA),
        (r"query timed out|unhandled_error|internal_server_error", Cause.BROKEN),
    )
)
"""Kept narrow: a refusal of one voucher that is taken for one of the token would stop the whole export."""
_STATUSES = {401: Cause.TOKEN, 403: Cause.SCOPE, 429: Cause.BURST}


@dataclass(frozen=True, slots=True)
class Example:
    """A valid input Xledger offers in the place of one it refused."""

    code: str
    db_id: str
    name: str


@dataclass(frozen=True, slots=True)
class XledgerError:
    """One entry of `errors[]`, with everything Xledger wrote made fit to show.

    `path` is where in the answer it belongs.
    """

    cause: Cause
    message: str
    path: tuple[str, ...] = ()
    reset_at: str = ""
    examples: tuple[Example, ...] = ()

    def as_adapter_error(self, now: datetime) -> AdapterError:
        """Return the error to raise when the whole request failed for this."""
        message = Message(self.cause.sentence.template, {"words": self.message})
        if self.cause in TOKEN_CAUSES:
            return AuthenticationFailed(message, code=self.cause.code, internal=self.message)
        return AdapterError(
            message,
            self.cause.fault,
            code=self.cause.code,
            retry_after=self._wait(now),
            internal=f"{self.cause.code}: {self.message}",
        )

    def _wait(self, now: datetime) -> float | None:
        """Return the seconds to wait where the cause is a limit; credits come back at a time Xledger names."""
        match self.cause:
            case Cause.BURST:
                return 5.0
            case Cause.CONCURRENCY:
                return 1.0
            case Cause.CREDITS:
                return _seconds_until(self.reset_at, now)
        return None


def read_errors(raw: Any, status: int, token: Secret) -> tuple[XledgerError, ...]:
    """Return what `errors[]` holds, the token and anything unfit for a page taken out."""
    if not raw:
        return ()
    entries = raw if isinstance(raw, list) else [raw]
    return tuple(_read_error(entry if isinstance(entry, dict) else {}, status, token) for entry in entries)


def misshapen(*, detail: str) -> AdapterError:
    """Return the error for GraphQL data that has another form than asked for."""
    return AdapterError(
        msg("Xledger's answer has another form than expected. Tell those who run this program."),
        Fault.UPSTREAM,
        code="shape",
        internal=detail,
    )


def _read_error(entry: Mapping[str, Any], status: int, token: Secret) -> XledgerError:
    extensions = entry.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    codes = (str(entry.get("code") or ""), str(extensions.get("code") or ""))
    path = entry.get("path")
    return XledgerError(
        cause=_cause(codes, str(entry.get("message") or ""), status),
        message=scrub(entry.get("message") or "no message", token),
        path=tuple(str(step) for step in path) if isinstance(path, list) else (),
        reset_at=str(extensions.get("resetAt") or ""),
        examples=_examples(extensions.get("exampleValidInputs"), token),
    )


def _cause(codes: tuple[str, str], message: str, status: int) -> Cause:
    """Return the cause by code, else by wording, else by HTTP status.

    A message that begins with the path of an input is about what was sent, whatever words from the
    voucher it goes on to repeat.
    """
    for code in codes:
        if code in _CODES:
            return _CODES[code]
    words = " ".join(codes) if _ABOUT_AN_INPUT.match(message) else " ".join((*codes, message))
    for phrase, cause in _PHRASES:
        if phrase.search(words):
            return cause
    return Cause.BROKEN if status >= 500 else _STATUSES.get(status, Cause.INVALID)


def _examples(raw: Any, token: Secret) -> tuple[Example, ...]:
    """Return the valid inputs Xledger offers."""
    entries = [entry for entry in raw if isinstance(entry, dict)] if isinstance(raw, list) else []
    return tuple(
        Example(*(scrub(entry.get(key) or "", token) for key in ("code", "dbId", "text")))
        for entry in entries[:_EXAMPLES]
        if entry.get("code")
    )


def _seconds_until(reset_at: str, now: datetime) -> float:
    """Return the seconds until `reset_at`; of a doubled hour the later one is meant, to be safe."""
    try:
        moment = datetime.fromisoformat(reset_at)
    except ValueError:
        return CREDITS_WAIT
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_OSLO, fold=1)
    return max(1.0, (moment - now).total_seconds())
