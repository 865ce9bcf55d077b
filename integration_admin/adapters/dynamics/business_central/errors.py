"""What Business Central's errors mean: whose fault it is, and the one next step.

One table from the codes that are not about a single voucher; everything else is Business Central's own
words, which are written for people. Facts: Microsoft's list of Business Central error codes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from integration_admin.adapters.answers import retry_after
from integration_admin.adapters.dynamics.entra import granted_roles
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

SAME_KEY: Final = "Internal_EntityWithSameKeyExists"
_USUAL_WAIT: Final = 10.0
_CORRELATION = re.compile(r"\s*CorrelationId:\s*([0-9a-fA-F-]{36})\.?\s*$")
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
PASSING: Final = frozenset({"Internal_TenantUnavailable", "Internal_ServerError"})
"""Codes of troubles on their side that pass by themselves."""

NOT_CONSENTED: Final = msg(
    "Microsoft lets the app in, but it has no access to Business Central. In the Entra admin center, open App"
    " registrations > your app > API permissions, add Dynamics 365 Business Central > Application permissions >"
    " API.ReadWrite.All, and choose Grant admin consent."
)
NOT_ENABLED: Final = msg(
    "Business Central does not know the app. In Business Central, search for Microsoft Entra applications, add"
    " the client ID there, set State to Enabled, and give it permission sets."
)
ONE_OF_BOTH: Final = msg(
    "Business Central refuses the app. Check two things: that an administrator has granted it API.ReadWrite.All"
    " in the Entra admin center, and that it is enabled in Business Central under Microsoft Entra applications."
)
NO_RIGHT: Final = msg(
    "The app may not do this in Business Central. Search there for Microsoft Entra applications, open the app,"
    " and give it permission sets to read the company's setup and to write and post in general journals."
)
NO_ENVIRONMENT: Final = msg(
    "There is no environment called {environment} in this tenant. The Business Central admin center lists their"
    " names."
)
NO_COMPANY: Final = msg(
    "The company is no longer there in Business Central. Test the connection again and choose one of those listed."
)
_REDIRECT: Final = msg(
    "The address sends us on to another one, which Business Central never does. Check the address."
)
_NOT_THERE: Final = msg(
    "There is no Business Central at this address ({status}). Check the environment's name, and the address if you"
    " entered one."
)
_TOO_MANY: Final = msg("Business Central has had too many requests. The export goes on after a pause.")
_BROKEN: Final = msg(
    "Business Central answers with a fault of its own ({status}). Try again in a few minutes."
)
_UNCLEAR: Final = msg(
    "Business Central did not say clearly what became of this. It is looked up there before it goes out again."
)
_MISSHAPEN: Final = msg("Business Central's answer cannot be understood. Try again in a few minutes.")
_SAYS: Final = msg("Business Central refuses the request. It says: “{words}”")


@dataclass(frozen=True, slots=True)
class Said:
    """An error as Business Central tells it; `words` are for people, `trace` is for the log."""

    code: str = ""
    words: str = ""
    trace: str = ""


_OF_CODE: Final[Mapping[str, Message]] = MappingProxyType(
    {"NoEnvironment": NO_ENVIRONMENT, "Internal_CompanyNotFound": NO_COMPANY}
)
"""Code -> the sentence; these need the administrator, whatever the status."""


def said(body: Any, *secrets: Secret) -> Said:
    """Return the error in a decoded body; the id at its end is for the log, and goes out of the words."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return Said()
    message = str(error.get("message") or "")
    found = _CORRELATION.search(message)
    words = message[: found.start()] if found else message
    return Said(
        code=scrub(error.get("code") or "", *secrets)[:80],
        words=scrub(decoded(words), *secrets),
        trace=found[1] if found else "",
    )


def said_in(response: Response, *secrets: Secret) -> Said:
    """Return the error in an answer; the gateway in front may answer with a page or nothing at all."""
    try:
        return said(response.json(), *secrets)
    except AdapterError:
        return Said()


def decoded(name: str) -> str:
    """Return a name of an enum as people write it: OData escapes what XML allows in no name (_x002F_ is /)."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), name)


@dataclass(frozen=True, slots=True)
class Context:
    """What an error is put into words with."""

    environment: str
    bearer: Secret
    now: datetime


def unanswered(response: Response, told: Said, context: Context) -> AdapterError:
    """Return the error for a question, which changes nothing, that was not answered."""
    status, internal = response.status, _internal(response.status, told)
    definite = definite_refusal(status, told, context)
    if definite is not None:
        return definite
    if status == 429 or (status in {502, 503} and "retry-after" in response.headers):
        return too_many(status, response.headers, context.now)
    if told.code in PASSING or status >= 500 or status == 408 or status < 300:
        message = Message(_BROKEN.template, {"status": str(status)})
        return AdapterError(message, Fault.UPSTREAM, code=told.code or f"http_{status}", internal=internal)
    return AdapterError(
        _configuration(status, told), Fault.CONFIG, code=told.code or f"http_{status}", internal=internal
    )


def definite_refusal(status: int, told: Said, context: Context) -> AdapterError | None:
    """Return the error where no voucher is to blame, but the sign-in or a setting; None for all else."""
    internal = _internal(status, told)
    if status == 401 or told.code.startswith("Authentication_"):
        return AuthenticationFailed(_refused_app(context.bearer), code="app", internal=internal)
    if status == 403 or told.code.startswith("Authorization_"):
        return AuthenticationFailed(NO_RIGHT, code="permission", internal=internal)
    known = _OF_CODE.get(told.code)
    if known is None:
        return None
    message = Message(known.template, {"environment": context.environment})
    return AdapterError(message, Fault.CONFIG, code=told.code, internal=internal)


def too_many(status: int, headers: Mapping[str, str], now: datetime) -> AdapterError:
    """Return the error for a limit; a 429 need not say how long it lasts."""
    asked = retry_after(headers.get("retry-after"), now)
    return AdapterError(
        _TOO_MANY,
        Fault.RATE_LIMITED,
        code="rate_limit",
        retry_after=_USUAL_WAIT if asked is None else asked,
        internal=f"status {status}",
    )


def configuration(status: int, told: Said) -> AdapterError:
    """Return the error for an answer by which nothing there takes what was sent."""
    return AdapterError(
        _configuration(status, told),
        Fault.CONFIG,
        code=told.code or f"http_{status}",
        internal=_internal(status, told),
    )


def not_written(status: int, told: Said) -> AdapterError:
    """Return the error for a trouble on their side after which surely nothing was written."""
    return AdapterError(
        Message(_BROKEN.template, {"status": str(status)}),
        Fault.TRANSIENT,
        code=told.code or f"http_{status}",
        internal=_internal(status, told),
    )


def unclear(status: int, told: Said) -> AdapterError:
    """Return the error for an answer that does not say whether anything was written."""
    return AdapterError(
        _UNCLEAR,
        Fault.UNKNOWN_OUTCOME,
        code=told.code or f"http_{status}",
        internal=_internal(status, told),
    )


def misshapen(*, detail: str) -> AdapterError:
    """Return the error for an answer whose form is not the documented one."""
    return AdapterError(_MISSHAPEN, Fault.UPSTREAM, code="shape", internal=scrub(detail))


def as_fault(error: AdapterError, fault: Fault) -> AdapterError:
    """Return the error with another fault: what was asked decides what a lost answer means."""
    return AdapterError(error.message, fault, code=error.code, internal=error.internal)


def _refused_app(bearer: Secret) -> Message:
    """Tell the two administrator's steps apart: Entra gives a token without roles where consent is missing."""
    roles = granted_roles(bearer)
    if roles is None:
        return ONE_OF_BOTH
    return NOT_ENABLED if roles else NOT_CONSENTED


def _configuration(status: int, told: Said) -> Message:
    if 300 <= status < 400:
        return _REDIRECT
    if told.words:
        return Message(_SAYS.template, {"words": told.words})
    return Message(_NOT_THERE.template, {"status": str(status)})


def _internal(status: int, told: Said) -> str:
    trace = f"CorrelationId {told.trace}" if told.trace else ""
    return " ".join(filter(None, (f"status {status}", told.code, told.words, trace)))
