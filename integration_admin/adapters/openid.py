"""Calls an OpenID Connect issuer: what it says of itself, its keys, and an ID token for a code. Judges no token.

Facts: OpenID Connect Discovery 1.0, sections 3 and 4; RFC 6749, sections 2.3.1, 4.1.3 and 5; RFC 7636, section 4.5.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

from integration_admin.adapters.outbound import HTTPClient, Response
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

DEADLINE: Final = 5.0
"""Seconds for a whole call; three of them follow each other while a person waits."""
MOST_BYTES: Final = 262_144
"""Of one answer. Microsoft's keys take 10,000."""
MOST_KEYS: Final = 100
_LONGEST_URL: Final = 2_000
_LONGEST_WORD: Final = 40
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_BASIC, _POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """What an issuer says of itself; `names_itself` is whether it says so in its answers too (RFC 9207).

    `end_session_endpoint` is empty for an issuer that has none (OpenID Connect RP-Initiated Logout 1.0).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    auth_method: str
    names_itself: bool
    end_session_endpoint: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a code is exchanged with, beside the code itself."""

    client_id: str
    client_secret: Secret
    redirect_uri: str
    verifier: Secret


class IssuerCaller(Protocol):
    """Whatever talks to issuers."""

    def check(self, url: str) -> None:
        """Raise AdapterError unless `url` may be called."""
        ...

    async def discover(self, issuer: str) -> IssuerMetadata:
        """Ask an issuer what it says of itself. Raises AdapterError."""
        ...

    async def keys(self, metadata: IssuerMetadata) -> list[dict[str, Any]]:
        """Ask for the public keys an issuer signs with, as JWKs. Raises AdapterError."""
        ...

    async def redeem(self, metadata: IssuerMetadata, code: Secret, by: Redemption) -> Secret:
        """Exchange a code for an ID token. Raises AdapterError."""
        ...


class OpenIdIssuers:
    """Asks through the one HTTP client, which follows no redirect; `check_url` is its address policy's."""

    def __init__(self, http: HTTPClient, check_url: Callable[[str], object]) -> None:
        self._http = http
        self._check_url = check_url

    def check(self, url: str) -> None:
        """Raise AdapterError unless `url` may be called."""
        self._check_url(url)

    async def discover(self, issuer: str) -> IssuerMetadata:
        """Ask an issuer what it says of itself; what calls itself otherwise is refused. Raises AdapterError."""
        said = await self._asked(issuer.rstrip("/") + _WELL_KNOWN)
        named = said.get("issuer")
        if named != issuer:
            raise _refusal(_other_name(named), "other_issuer")
        return IssuerMetadata(
            issuer=issuer,
            authorization_endpoint=self._address(said, "authorization_endpoint"),
            token_endpoint=self._address(said, "token_endpoint"),
            jwks_uri=self._address(said, "jwks_uri"),
            auth_method=_auth_method(said),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
            end_session_endpoint=self._address_if_any(said, "end_session_endpoint"),
        )

    async def keys(self, metadata: IssuerMetadata) -> list[dict[str, Any]]:
        """Ask for the public keys an issuer signs with, as JWKs. Raises AdapterError."""
        found = (await self._asked(metadata.jwks_uri)).get("keys")
        if not isinstance(found, list) or len(found) > MOST_KEYS:
            raise _refusal(msg("The list of the issuer’s keys cannot be read."), "keys")
        return [key for key in found if isinstance(key, dict)]

    async def redeem(self, metadata: IssuerMetadata, code: Secret, by: Redemption) -> Secret:
        """Exchange a code for an ID token. Raises AdapterError; its `internal` has the issuer's own error code."""
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": by.redirect_uri,
            "code_verifier": by.verifier.reveal(),
        }
        secret_headers = {}
        if metadata.auth_method == _BASIC:
            secret_headers = {"authorization": _basic(by)}
        else:
            form |= {"client_id": by.client_id, "client_secret": by.client_secret.reveal()}
        answer = await self._http.request(
            "POST",
            metadata.token_endpoint,
            headers={"accept": "application/json", "content-type": "application/x-www-form-urlencoded"},
            secret_headers=secret_headers,
            body=urlencode(form).encode(),
            deadline=DEADLINE,
            max_bytes=MOST_BYTES,
        )
        return _id_token(answer)

    async def _asked(self, url: str) -> Mapping[str, Any]:
        headers = {"accept": "application/json"}
        answer = await self._http.request(
            "GET", url, headers=headers, deadline=DEADLINE, max_bytes=MOST_BYTES
        )
        if 300 <= answer.status < 400:
            raise _refusal(msg("The issuer sends on to another address. Write that one."), "redirect")
        if answer.status != 200:
            sentence = msg("The issuer answers {status}. Check the address.", status=answer.status)
            raise _refusal(sentence, f"status {answer.status}")
        return _object(answer)

    def _address_if_any(self, said: Mapping[str, Any], name: str) -> str:
        """Return an address an issuer may name; nobody's sign-in depends on it."""
        try:
            return self._address(said, name)
        except AdapterError:
            return ""

    def _address(self, said: Mapping[str, Any], name: str) -> str:
        """Return an address an issuer names; it has to pass the rules of all calls, browsers' too."""
        address = said.get(name)
        usable = isinstance(address, str) and len(address) <= _LONGEST_URL and "#" not in address
        # An issuer that may be called without encryption is on the operator's list; any other's pages are encrypted.
        if not isinstance(address, str) or not usable or not address.startswith(_beginning(said)):
            raise _refusal(msg("The issuer names no usable {what}.", what=name), name)
        self._check_url(address)
        return address


def _beginning(said: Mapping[str, Any]) -> str:
    return "http" if str(said["issuer"]).startswith("http://") else "https://"


def _object(answer: Response) -> Mapping[str, Any]:
    said = answer.json()
    if not isinstance(said, dict):
        raise _refusal(msg("The issuer’s answer cannot be read."), "not_an_object")
    return said


def _auth_method(said: Mapping[str, Any]) -> str:
    """Return how the secret is shown; an issuer that does not say takes it in a header."""
    methods = said.get("token_endpoint_auth_methods_supported", [_BASIC])
    for method in (_BASIC, _POST):
        if isinstance(methods, list) and method in methods:
            return method
    raise _refusal(msg("The issuer takes no client secret."), "auth_methods")


def _basic(by: Redemption) -> Secret:
    pair = f"{quote_plus(by.client_id)}:{quote_plus(by.client_secret.reveal())}"
    return Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")


def _id_token(answer: Response) -> Secret:
    said = _object(answer)
    token = said.get("id_token")
    if answer.status != 200 or not isinstance(token, str):
        internal = f"status {answer.status} {word(said.get('error'))}".strip()
        raise _refusal(msg("The issuer gave no ID token for the code."), internal)
    return Secret(token)


def word(given: object) -> str:
    """Return an error code of an issuer for the log; anything that is none is left out."""
    fits = isinstance(given, str) and len(given) <= _LONGEST_WORD and given.isascii()
    return given if fits and isinstance(given, str) and given.replace("_", "").isalnum() else ""


def _other_name(named: object) -> Message:
    if isinstance(named, str) and len(named) <= _LONGEST_URL and named.isprintable():
        return msg("At this address is an issuer that calls itself {name}. Write exactly that.", name=named)
    return msg("There is no issuer at this address.")


def _refusal(sentence: Message, internal: str) -> AdapterError:
    return AdapterError(sentence, Fault.CONFIG, code="issuer", internal=f"issuer: {internal}")
