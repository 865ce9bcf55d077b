"""Speaks HTTP with one REST interface: signs in, puts addresses together, reads questions' answers.

What answers mean for vouchers is in sending.py.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from integration_admin.adapters.client_certificate import ClientCertificate
from integration_admin.adapters.generic_rest import pointer, reasons
from integration_admin.adapters.generic_rest import sign_in_fields as sign_in
from integration_admin.adapters.generic_rest.errors import (
    REFUSED_CERTIFICATE,
    as_upstream,
    not_answered,
    refuses_certificate,
)
from integration_admin.adapters.generic_rest.options import Options
from integration_admin.adapters.generic_rest.tokens import Tokens
from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret

READ_SECONDS: Final = 10.0
_MAX_BYTES = 8_388_608
_ID_LENGTH = 100
_SECRET_NAMES: Final = {
    sign_in.API_KEY: "api_key",
    sign_in.BEARER: "token",
    sign_in.BASIC: "password",
    sign_in.OAUTH: "client_secret",
}


class RESTClient:
    """Calls one interface with one set of credentials; lives for one call of the adapter."""

    def __init__(
        self,
        http: HTTPClient,
        clock: Clock,
        tokens: Tokens,
        options: Options,
        secrets: Mapping[str, Secret],
        certificate: ClientCertificate | None = None,
    ) -> None:
        self.options = options
        self._http = http
        self._clock = clock
        self._tokens = tokens
        self._secret = _checked(options, secrets)
        self._certificate = certificate
        self.shown_to_nobody: tuple[Secret, ...] = () if self._secret is None else (self._secret,)
        """What the far side's words are searched for before a person sees them."""

    async def get(self, address: str, *, deadline: float = READ_SECONDS) -> Response:
        """Ask a question that changes nothing and return the answer, whatever its status.

        Raises AuthenticationFailed, AdapterError.
        """
        try:
            return await self._request("GET", address, {}, None, self._clock.monotonic() + deadline)
        except AdapterError as error:
            raise as_upstream(error) from None

    async def read(self, address: str, *, deadline: float = READ_SECONDS) -> tuple[Any, Response]:
        """Return what a question yields, decoded, beside the whole answer.

        Raises AuthenticationFailed, AdapterError.
        """
        response = await self.get(address, deadline=deadline)
        if not 200 <= response.status < 300:
            raise self.unanswered(response, address)
        return decoded(response), response

    async def deliver(
        self, address: str, body: bytes, headers: Mapping[str, str], *, until: float
    ) -> Response:
        """Send something once and return the answer, whatever its status.

        `until` (monotonic seconds) is when the whole must be over. Raises AuthenticationFailed when it
        could not be signed in, AdapterError when no whole answer came; its fault tells whether anything
        may have arrived.
        """
        return await self._request(self.options.send_method, address, headers, body, until)

    def id_in(self, result: Any) -> str:
        """Return the id a result names, fit to be stored and shown."""
        found = pointer.text(result, self.options.pointers["id"])
        return scrub(found, *self.shown_to_nobody)[:_ID_LENGTH]

    def made_at(self, response: Response) -> str:
        """Return the id in the address of what was made, where that is all an answer says.

        An empty 201 names what was made in its Location header (RFC 9110, section 15.3.2).
        """
        if response.status != HTTPStatus.CREATED or response.body.strip():
            return ""
        path = urlsplit(response.headers.get("location", "")).path
        return scrub(unquote(path.rstrip("/").rpartition("/")[2]), *self.shown_to_nobody)[:_ID_LENGTH]

    def unanswered(self, response: Response, address: str) -> AdapterError:
        """Return the error for a question that was not answered."""
        where = address.partition("?")[0]
        words = self.words_of(response)
        return not_answered(response.status, response.headers, where, self._clock.now(), words)

    def words_of(self, response: Response) -> str:
        """Return why something was refused, in the far side's words made fit to show; empty where it has none."""
        words = reasons.reason(reasons.decoded(response), self.options.pointers)
        return scrub(words, *self.shown_to_nobody)

    async def _request(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, until: float
    ) -> Response:
        """Call, and call again where a token was refused that may only have run out: a 401 is not processed."""
        signed = await self._sign_in(until)
        response = await self._call(method, address, headers, body, signed, until)
        if response.status == 401 and self.options.authentication == sign_in.OAUTH:
            renewed = await self._sign_in(until, refused=signed)
            response = await self._call(method, address, headers, body, renewed, until)
        return response

    async def _call(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | None,
        signed: Mapping[str, Secret],
        until: float,
    ) -> Response:
        plain = {"Accept": "application/json", **headers}
        if body is not None:
            plain["Content-Type"] = "application/json"
        try:
            response = await self._http.request(
                method,
                address,
                headers=plain,
                secret_headers=signed,
                body=body,
                deadline=max(until - self._clock.monotonic(), 0.001),
                max_bytes=_MAX_BYTES,
                certificate=self._certificate,
            )
        except AdapterError as error:
            if error.code != "client_certificate":
                raise
            raise AuthenticationFailed(error.message, code=error.code, internal=error.internal) from None
        if self._certificate is not None and refuses_certificate(response):
            raise AuthenticationFailed(
                REFUSED_CERTIFICATE, code="client_certificate", internal=f"status {response.status}"
            )
        return response

    async def _sign_in(
        self, until: float, *, refused: Mapping[str, Secret] | None = None
    ) -> dict[str, Secret]:
        """Return the headers that carry the credentials; `refused` are ones with a token to be renewed."""
        secret = self._secret
        if secret is None:
            return {}
        options = self.options
        match options.authentication:
            case sign_in.API_KEY:
                return {options.header_name: secret}
            case sign_in.BASIC:
                pair = base64.b64encode(f"{options.user}:{secret.reveal()}".encode()).decode()
                self.shown_to_nobody = (secret, Secret(pair))
                return {"Authorization": Secret(f"Basic {pair}")}
            case sign_in.OAUTH:
                secret = await self._token(secret, until, refused)
        return {"Authorization": Secret(f"Bearer {secret.reveal()}")}

    async def _token(self, secret: Secret, until: float, refused: Mapping[str, Secret] | None) -> Secret:
        """Return a token from the token endpoint; asking for one books nothing, so its loss is no doubt."""
        if refused is not None:
            word_and_token = refused["Authorization"].reveal()
            self._tokens.forget(self.options, secret, word_and_token.partition(" ")[2])
        try:
            deadline = min(READ_SECONDS, max(until - self._clock.monotonic(), 0.001))
            token = await self._tokens.bearer(self.options, secret, deadline)
        except AdapterError as error:
            raise _not_sent(error) from None
        self.shown_to_nobody = (secret, token)
        return token


def decoded(response: Response) -> Any:
    """Return the body of a question's answer as JSON. Raises AdapterError."""
    try:
        return response.json()
    except AdapterError as error:
        raise as_upstream(error) from None


def _checked(options: Options, secrets: Mapping[str, Secret]) -> Secret | None:
    """Return the secret that belongs to the way of signing in.

    Raises AuthenticationFailed when there is none, or when it cannot stand in a header.
    """
    name = _SECRET_NAMES.get(options.authentication)
    if name is None:
        return None
    stored = secrets.get(name)
    text = stored.reveal().strip() if stored is not None else ""
    goes_into_header = options.authentication in {sign_in.API_KEY, sign_in.BEARER}
    # A key may come with a word before it, as in “Authorization: Token 4f2a”.
    is_in_parts = options.authentication == sign_in.BEARER and " " in text
    if not text or is_in_parts or (goes_into_header and not (text.isascii() and text.isprintable())):
        raise AuthenticationFailed(
            msg(
                "The key, token or password is empty or has characters in it that are not allowed there. Copy it"
                " again."
            ),
            code="secret_format",
        )
    return Secret(text)


def _not_sent(error: AdapterError) -> AdapterError:
    """Return the error of a sign-in: whatever was to be sent after it has not left."""
    if isinstance(error, AuthenticationFailed) or error.fault in {Fault.CONFIG, Fault.RATE_LIMITED}:
        return error
    return AdapterError(
        error.message,
        Fault.TRANSIENT,
        code=error.code,
        retry_after=error.retry_after,
        internal=error.internal,
    )
