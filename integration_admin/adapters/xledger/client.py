"""Speaks GraphQL with Xledger: one POST, the answer read whatever its status, limits waited out.

What is asked, and what the answers mean to a voucher, is for the modules that call this one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from integration_admin.adapters.base import RequestMeter
from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.adapters.wording import scrub
from integration_admin.adapters.xledger.answers import UNCLEAR, not_graphql
from integration_admin.adapters.xledger.errors import (
    LIMITS,
    Cause,
    XledgerError,
    misshapen,
    read_errors,
)
from integration_admin.adapters.xledger.pace import Gate
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret

READ_SECONDS: Final = 30.0
MUTATION_SECONDS: Final = 40.0
_READ_TRIES = 5
_MUTATION_TRIES = 3
_BURST_WAIT = 5.0
_CONCURRENCY_WAIT = 1.0
_MAX_BYTES = 8_388_608


class Edge(BaseModel):
    """One entry of a connection."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    cursor: str | None = None
    client_id: str | None = Field(default=None, alias="clientId")
    node: dict[str, Any] | None = None


class PageInfo(BaseModel):
    """Whether more is to come."""

    has_next: bool = Field(default=False, alias="hasNextPage")


class Page(BaseModel):
    """One page of a Relay connection as Xledger fills it: `edges` is null, not empty, when there is nothing."""

    edges: list[Edge] | None = None
    page_info: PageInfo | None = Field(default=None, alias="pageInfo")


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer; errors mean failure at any HTTP status."""

    data: Mapping[str, Any]
    errors: tuple[XledgerError, ...] = ()

    @property
    def limit(self) -> XledgerError | None:
        """The limit that kept the request from being processed, if one did."""
        if any(value is not None for value in self.data.values()):
            return None
        return next((error for error in self.errors if error.cause in LIMITS), None)


def page_in(data: Mapping[str, Any], field: str) -> Page:
    """Return the page of the connection `field`; raises AdapterError when it has another form."""
    try:
        return Page.model_validate(data.get(field))
    except ValidationError as error:
        places = {".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)}
        raise misshapen(detail=f"{field}: {', '.join(sorted(places)[:5])}") from None


class XledgerClient:
    """Asks one Xledger endpoint in the name of one token; lives for one call of the adapter.

    `jitter` returns a float in [0, 1).
    """

    def __init__(
        self,
        http: HTTPClient,
        clock: Clock,
        gate: Gate,
        jitter: Callable[[], float],
        endpoint: str,
        token: Secret,
        meter: RequestMeter,
    ) -> None:
        self._http = http
        self._clock = clock
        self._gate = gate
        self._jitter = jitter
        self._endpoint = endpoint
        self._token = token
        self._meter = meter

    def fit_to_show(self, words: object) -> str:
        """Return words of Xledger's without the token, markup and control characters."""
        return scrub(words, self._token)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tries: int = 1,
        deadline: float = READ_SECONDS,
    ) -> Reply:
        """Ask a question that changes nothing and return the answer, errors and all.

        Limits are waited out, for up to `tries` requests. Raises AdapterError when no answer came.
        """
        try:
            return await self._patiently(document, variables or {}, deadline, tries, until=None)
        except AdapterError as error:
            if error.fault is not Fault.UNKNOWN_OUTCOME:
                raise
            raise _as(error, Fault.UPSTREAM) from None

    async def read(self, document: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return the data a question yields. Raises AdapterError, also for any error in the answer."""
        reply = await self.ask(document, variables, tries=_READ_TRIES)
        if reply.errors:
            raise reply.errors[0].as_adapter_error(self._clock.now())
        return reply.data

    async def mutate(self, document: str, variables: Mapping[str, Any], *, until: float) -> Reply:
        """Send a mutation and return the answer, errors and all; it is repeated only after a definite refusal.

        `until` (monotonic seconds) is when the whole must be over. Raises AdapterError: with the fault
        UNKNOWN_OUTCOME when it may have been carried out, else it surely was not.
        """
        if self._clock.monotonic() + MUTATION_SECONDS > until:
            raise no_time()
        try:
            return await self._patiently(document, variables, MUTATION_SECONDS, _MUTATION_TRIES, until=until)
        except AdapterError as error:
            if error.code not in UNCLEAR:
                raise
            raise _as(error, Fault.UNKNOWN_OUTCOME) from None

    async def _patiently(
        self,
        document: str,
        variables: Mapping[str, Any],
        deadline: float,
        tries: int,
        *,
        until: float | None,
    ) -> Reply:
        """Post until no limit stands in the way, `tries` times at the most and never past `until`."""
        attempt = 1
        while True:
            reply = await self._post(document, variables, deadline)
            limit = reply.limit
            if limit is None:
                return reply
            wait = self._wait(limit.cause, attempt)
            late = until is not None and self._clock.monotonic() + (wait or 0.0) + deadline > until
            if wait is None or late or attempt >= tries:
                raise limit.as_adapter_error(self._clock.now())
            await self._clock.sleep(wait)
            attempt += 1

    def _wait(self, cause: Cause, attempt: int) -> float | None:
        """Return the seconds a limit lasts; None where it is too long to wait here."""
        if cause is Cause.BURST:
            return _BURST_WAIT * attempt + self._jitter()
        return _CONCURRENCY_WAIT if cause is Cause.CONCURRENCY else None

    async def _post(self, document: str, variables: Mapping[str, Any], deadline: float) -> Reply:
        body = json.dumps({"query": document, "variables": variables}).encode()
        async with self._gate.passage():
            self._meter.count()
            response = await self._http.request(
                "POST",
                self._endpoint,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                secret_headers={"Authorization": Secret(f"token {self._token.reveal()}")},
                body=body,
                deadline=deadline,
                max_bytes=_MAX_BYTES,
            )
        return self._reply(response)

    def _reply(self, response: Response) -> Reply:
        """Read the body first, whatever the status: Xledger answers errors with 200 and with 400."""
        try:
            body = response.json()
        except AdapterError as error:
            body, is_page = None, error.code == "html"
        else:
            is_page = False
        now = self._clock.now()
        if not isinstance(body, dict) or not {"data", "errors"} & body.keys():
            raise not_graphql(response.status, response.headers, is_page=is_page, now=now)
        errors = read_errors(body.get("errors"), response.status, self._token)
        data = body.get("data")
        if not errors and (response.status >= 300 or not isinstance(data, dict)):
            raise not_graphql(response.status, response.headers, is_page=False, now=now)
        return Reply(data if isinstance(data, dict) else {}, errors)


def _as(error: AdapterError, fault: Fault) -> AdapterError:
    """Return the error with another fault: what was asked decides what a lost answer means."""
    return AdapterError(error.message, fault, code=error.code, internal=error.internal)


def checked(token: Secret | None) -> Secret:
    """Return the token as it goes into a header; raises AuthenticationFailed when it cannot be one."""
    text = token.reveal().strip() if token is not None else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise AuthenticationFailed(
            msg(
                "This is not a token from Xledger: it is empty, or has a space or another sign in it that no token"
                " has. Copy the whole token again."
            ),
            code="token_format",
        )
    return Secret(text)


def no_time() -> AdapterError:
    """Return the error for what was not begun because the batch's time was over."""
    return AdapterError(
        msg("There was no time left to send this in the same go. It goes out in the next one."),
        Fault.TRANSIENT,
        code="no_time",
        retry_after=0.0,
    )
