"""Speaks HTTP with one Business Central environment: signs in, keeps its pace, reads pages and batches.

What is asked, and what answers mean to a voucher, is for the modules that call this one.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from integration_admin.adapters.answers import Meaning, meaning
from integration_admin.adapters.dynamics import odata
from integration_admin.adapters.dynamics.business_central import batch
from integration_admin.adapters.dynamics.business_central.errors import (
    Context,
    as_fault,
    configuration,
    definite_refusal,
    misshapen,
    said_in,
    too_many,
    unanswered,
    unclear,
)
from integration_admin.adapters.dynamics.business_central.options import Options
from integration_admin.adapters.dynamics.entra import EntraTokens
from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.adapters.pace import Gate
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.secret import Secret

READ_SECONDS: Final = 30.0
BATCH_SECONDS: Final = 60.0
_TOKEN_SECONDS: Final = 10.0
_PAGE: Final = 5_000
_MAX_PAGES: Final = 200
_MAX_BYTES: Final = 16_777_216
_TRIES: Final = 3
_LONGEST_WAIT: Final = 20.0
"""Seconds a question waits out by itself when there have been too many."""


@dataclass(frozen=True, slots=True)
class Means:
    """What every call needs, shared by all clients of one adapter."""

    http: HTTPClient
    clock: Clock
    tokens: EntraTokens
    request_id: Callable[[], UUID]


class BusinessCentralClient:
    """Calls one environment in the name of one app; lives for one call of the adapter."""

    def __init__(self, means: Means, gate: Gate, options: Options, secret: Secret) -> None:
        self.options = options
        self.clock = means.clock
        self._means = means
        self._gate = gate
        self._secret = secret
        self._bearer = secret

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return what the far side's words are searched for before a person sees them."""
        word, _, token = self._bearer.reveal().partition(" ")
        return (self._secret, Secret(token or word))

    @property
    def context(self) -> Context:
        """Return what errors are put into words with."""
        return Context(self.options.environment, self._bearer, self.clock.now())

    async def read(self, path: str, *, deadline: float = READ_SECONDS) -> Mapping[str, Any]:
        """Return the object a question yields; `path` begins after the base, with a slash.

        Raises AuthenticationFailed, AdapterError.
        """
        return await self._read(self.options.base + path, deadline)

    async def values(self, path: str, *, deadline: float = READ_SECONDS) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the entries of a list, page after page. Raises AuthenticationFailed, AdapterError."""
        address: str | None = self.options.base + path
        for _ in range(_MAX_PAGES):
            if address is None:
                return
            page = await self._read(address, deadline)
            entries = page.get("value")
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise misshapen(detail=f"no list in {path.partition('?')[0]}")
            for entry in entries:
                yield entry
            try:
                address = odata.next_page(page, self.options.base)
            except ValueError as problem:
                raise misshapen(detail=str(problem)) from None
        if address is not None:
            raise misshapen(detail=f"{path.partition('?')[0]} has more than {_MAX_PAGES} pages")

    async def create(self, path: str, body: Mapping[str, Any], *, deadline: float) -> Mapping[str, Any]:
        """Create one entry that a key keeps from coming twice, and return it. Raises AdapterError."""
        until = self.clock.monotonic() + deadline
        content = odata.encode(body).encode()
        response = await self._request(
            "POST", self.options.base + path, content, {"Content-Type": "application/json"}, until
        )
        if not 200 <= response.status < 300:
            raise unanswered(response, said_in(response, *self.secrets), self.context)
        return _object(response)

    async def batch(self, operations: Sequence[batch.Operation], *, until: float) -> batch.Reply:
        """Send one batch once and return what its answer says.

        `until` (monotonic seconds) is when it must be over. Raises AuthenticationFailed, AdapterError; the
        fault tells whether anything may have been written.
        """
        address = f"{self.options.base}/$batch"
        response = await self._request("POST", address, batch.body_of(operations), batch.HEADERS, until)
        if response.status != 200:
            raise self._not_taken(response)
        try:
            return batch.read(response.json(), len(operations))
        except AdapterError as error:
            raise as_fault(error, Fault.UNKNOWN_OUTCOME) from None

    async def act(self, path: str, *, until: float) -> Response:
        """Carry out an action that has no body, and return the answer, whatever its status.

        Raises AuthenticationFailed, AdapterError when no whole answer came.
        """
        return await self._request("POST", self.options.base + path, b"", {}, until)

    def _not_taken(self, response: Response) -> AdapterError:
        """Return the error for a whole batch that was not answered with 200, by the table of answers.py."""
        told = said_in(response, *self.secrets)
        definite = definite_refusal(response.status, told, self.context)
        if definite is not None:
            return definite
        # Microsoft only says to back off after a 429. It is taken as not processed, because the limits it comes
        # from stand before the journal, and a line that did get in keeps its number taken. A 503 may be either.
        is_limit = response.status == 429
        match meaning(response.status, has_retry_after=is_limit, promised=is_limit):
            case Meaning.WAIT:
                return too_many(response.status, response.headers, self.clock.now())
            case Meaning.CONFIGURATION | Meaning.REJECTED:
                return configuration(response.status, told)
        return unclear(response.status, told)

    async def _read(self, address: str, deadline: float) -> Mapping[str, Any]:
        """Ask a question, and again where there have been too many; it changes nothing."""
        until = self.clock.monotonic() + deadline
        attempt = 1
        while True:
            response = await self._asked(address, until)
            if response.status == 200:
                return _object(response)
            problem = unanswered(response, said_in(response, *self.secrets), self.context)
            wait = problem.retry_after
            if wait is None or wait > _LONGEST_WAIT or self.clock.monotonic() + wait + 1 > until:
                raise problem
            if attempt >= _TRIES:
                raise problem
            await self.clock.sleep(wait)
            attempt += 1

    async def _asked(self, address: str, until: float) -> Response:
        """Return the answer to a question; losing it leaves no doubt behind."""
        try:
            return await self._request("GET", address, None, {"Prefer": f"odata.maxpagesize={_PAGE}"}, until)
        except AdapterError as error:
            if error.fault is not Fault.UNKNOWN_OUTCOME:
                raise
            raise as_fault(error, Fault.UPSTREAM) from None

    async def _request(
        self, method: str, address: str, body: bytes | None, headers: Mapping[str, str], until: float
    ) -> Response:
        """Call, and once more where a token was refused that may only have run out: a 401 is not processed."""
        self._bearer = await self._sign_in(until)
        response = await self._call(method, address, body, headers, until)
        if response.status == 401:
            self._means.tokens.forget(self.options.sign_in, self._secret, self._bearer)
            self._bearer = await self._sign_in(until)
            response = await self._call(method, address, body, headers, until)
        return response

    async def _sign_in(self, until: float) -> Secret:
        left = max(until - self.clock.monotonic(), 0.001)
        return await self._means.tokens.bearer(self.options.sign_in, self._secret, min(_TOKEN_SECONDS, left))

    async def _call(
        self, method: str, address: str, body: bytes | None, headers: Mapping[str, str], until: float
    ) -> Response:
        async with self._gate.passage():
            return await self._means.http.request(
                method,
                address,
                headers={
                    "Accept": "application/json",
                    "Accept-Language": "en-US",
                    "client-request-id": str(self._means.request_id()),
                    **headers,
                },
                secret_headers={"Authorization": self._bearer},
                body=body,
                deadline=max(until - self.clock.monotonic(), 0.001),
                max_bytes=_MAX_BYTES,
            )


def _object(response: Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except AdapterError as error:
        raise as_fault(error, Fault.UPSTREAM) from None
    if not isinstance(found, dict):
        raise misshapen(detail="no object")
    return found
