"""Speaks OData with one Finance & Operations: signs in, asks across companies, follows pages.

What answers mean for vouchers is in sending.py.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from integration_admin.adapters.answers import retry_after
from integration_admin.adapters.dynamics.entra import EntraTokens
from integration_admin.adapters.dynamics.finance_operations.errors import (
    misshapen,
    no_access,
    not_answered,
    renewed,
    too_many,
    with_fault,
)
from integration_admin.adapters.dynamics.finance_operations.options import Options
from integration_admin.adapters.dynamics.odata import encode, next_page, query
from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.secret import Secret

READ_SECONDS: Final = 30.0
_TOKEN_SECONDS: Final = 10.0
_MAX_BYTES: Final = 16_777_216
_MOST_PAGES: Final = 1_000
_TRIES: Final = 4
_SHORTEST_WAIT: Final = 0.5
_CROSS_COMPANY: Final = "cross-company=true"
"""Without it only the company is read that the app's user has as a default."""
_JSON: Final = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}
_PAGES: Final = {"Prefer": "odata.maxpagesize=5000"}
"""Keeps a page below the size that is taken in; the other side would give 10,000 entries."""

Row = dict[str, Any]


class ODataClient:
    """Calls one Finance & Operations as one app; lives for one call of the adapter."""

    def __init__(
        self, http: HTTPClient, clock: Clock, tokens: EntraTokens, options: Options, secret: Secret
    ) -> None:
        self.options = options
        self._http = http
        self._clock = clock
        self._tokens = tokens
        self._secret = secret
        self.shown_to_nobody: tuple[Secret, ...] = (secret,)
        """What the other side's words are searched for before a person sees them."""

    async def rows(self, entity: str, *, deadline: float = READ_SECONDS, **wanted: str) -> list[Row]:
        """Return the entries of one page. Raises AuthenticationFailed, AdapterError."""
        return self._values(await self._page(self._address(entity, wanted), entity, deadline))

    async def whole(self, entity: str, *, deadline: float = READ_SECONDS, **wanted: str) -> list[Row]:
        """Return the entries of all pages; `deadline` is for each. Raises AuthenticationFailed, AdapterError."""
        return [row async for row in self.pages(entity, deadline=deadline, **wanted)]

    async def pages(
        self, entity: str, *, deadline: float = READ_SECONDS, **wanted: str
    ) -> AsyncIterator[Row]:
        """Yield the entries of all pages; `deadline` is for each. Raises AuthenticationFailed, AdapterError."""
        address: str | None = self._address(entity, wanted)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            if address is None:
                return
            seen.add(address)
            answer = await self._page(address, entity, deadline)
            for row in self._values(answer):
                yield row
            address = self._following(answer)
            if address in seen:
                raise misshapen(detail=f"the pages of {entity} go round in a circle")
        raise misshapen(detail=f"{entity} has more than {_MOST_PAGES} pages")

    async def create(self, entity: str, body: Mapping[str, Any], *, until: float) -> Response:
        """Create what books nothing and return the answer, whatever its status.

        `until` is in monotonic seconds. Raises AdapterError, never with a doubt about anything booked.
        """
        try:
            return await self._patiently(
                "POST", f"{self.options.data}/{entity}", until, encode(body).encode()
            )
        except AdapterError as error:
            if error.fault not in {Fault.UNKNOWN_OUTCOME, Fault.UPSTREAM}:
                raise
            raise with_fault(error, Fault.TRANSIENT) from None

    async def remove(self, key: str, *, until: float) -> Response:
        """Delete the one entry with a key such as `Entities(Name='1')` and return the answer, whatever its status.

        `until` is in monotonic seconds. Raises AdapterError.
        """
        return await self._patiently("DELETE", f"{self.options.data}/{key}?{_CROSS_COMPANY}", until)

    async def batch(self, content_type: str, body: bytes, *, until: float) -> Response:
        """Send a batch once and return the answer, whatever its status but 401.

        A refused token is renewed, but the batch is not repeated here. `until` is in monotonic seconds.
        Raises AuthenticationFailed, AdapterError; its fault tells whether anything may have been carried out.
        """
        bearer = await self._bearer(until)
        # Without the preference a batch may end at the first changeset that fails.
        headers = {
            "Content-Type": content_type,
            "Accept": "multipart/mixed",
            "Prefer": "odata.continue-on-error",
        }
        response = await self._call("POST", f"{self.options.data}/$batch", headers, body, bearer, until)
        if response.status != 401:
            return response
        self._tokens.forget(self.options.sign_in, self._secret, bearer)
        raise await self._after_refusal(until)

    def seconds_until(self, until: float) -> float:
        """Return the seconds left until `until` (monotonic seconds), or as good as none."""
        return max(until - self._clock.monotonic(), 0.001)

    def until_in(self, seconds: float) -> float:
        """Return the moment in so many seconds, as monotonic seconds."""
        return self._clock.monotonic() + seconds

    def unanswered(self, response: Response, entity: str) -> AdapterError:
        """Return the error for a question that was not answered."""
        return not_answered(response, entity, self._clock.now(), *self.shown_to_nobody)

    def _address(self, entity: str, wanted: Mapping[str, str]) -> str:
        options = query(**wanted)
        return f"{self.options.data}/{entity}?{_CROSS_COMPANY}" + (f"&{options}" if options else "")

    async def _page(self, address: str, entity: str, deadline: float) -> Any:
        until = self._clock.monotonic() + deadline
        try:
            response = await self._patiently("GET", address, until)
            if response.status != 200:
                raise self.unanswered(response, entity)
            return response.json()
        except AdapterError as error:
            if error.fault is not Fault.UNKNOWN_OUTCOME:
                raise
            raise with_fault(error, Fault.UPSTREAM) from None

    async def _patiently(
        self, method: str, address: str, until: float, body: bytes | None = None
    ) -> Response:
        """Call, and call again a few times after being throttled, if the wait asked for ends before `until`."""
        headers = {**_JSON, **({"Content-Type": "application/json; charset=utf-8"} if body else _PAGES)}
        tries = 1
        while True:
            response = await self._renewing(method, address, headers, body, until)
            if response.status != 429:
                return response
            wait = retry_after(response.headers.get("retry-after"), self._clock.now())
            if wait is None or tries >= _TRIES or self._clock.monotonic() + wait >= until:
                raise too_many(429, response.headers, self._clock.now())
            await self._clock.sleep(max(wait, _SHORTEST_WAIT))
            tries += 1

    async def _renewing(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, until: float
    ) -> Response:
        """Call, and once more with a new token where the first one was refused."""
        bearer = await self._bearer(until)
        response = await self._call(method, address, headers, body, bearer, until)
        if response.status != 401:
            return response
        self._tokens.forget(self.options.sign_in, self._secret, bearer)
        return await self._call(method, address, headers, body, await self._bearer(until), until)

    async def _after_refusal(self, until: float) -> AdapterError:
        """Return what a batch's refused token means: it had run out, or the app is no longer let in."""
        address = self._address("LegalEntities", {"select": "LegalEntityId", "top": "1"})
        try:
            response = await self._patiently("GET", address, until)
        except AdapterError as error:
            if error.fault not in {Fault.UNKNOWN_OUTCOME, Fault.UPSTREAM}:
                return error
            return with_fault(error, Fault.TRANSIENT)
        return no_access(response.status) if response.status in {401, 403} else renewed()

    async def _bearer(self, until: float) -> Secret:
        seconds = min(_TOKEN_SECONDS, self.seconds_until(until))
        bearer = await self._tokens.bearer(self.options.sign_in, self._secret, seconds)
        token = Secret(bearer.reveal().partition(" ")[2] or bearer.reveal())
        self.shown_to_nobody = (self._secret, token)
        return bearer

    async def _call(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | None,
        bearer: Secret,
        until: float,
    ) -> Response:
        return await self._http.request(
            method,
            address,
            headers=headers,
            secret_headers={"Authorization": bearer},
            body=body,
            deadline=self.seconds_until(until),
            max_bytes=_MAX_BYTES,
        )

    def _following(self, answer: Any) -> str | None:
        try:
            return next_page(answer, self.options.data)
        except ValueError as error:
            raise misshapen(detail=str(error)) from None

    def _values(self, answer: Any) -> list[Row]:
        values = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(values, list) or not all(isinstance(row, dict) for row in values):
            raise misshapen(detail="no list of values")
        return values
