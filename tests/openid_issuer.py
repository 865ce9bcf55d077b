"""An OpenID Connect issuer on loopback, over real sockets, that can be made to do everything wrong."""

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import BasicAuth, web
from joserfc import jwk, jwt

from tests import canary
from tests.fakes import FakeClock

CLIENT = "integration-admin"
SECRET = canary.secret("client-secret")
DISCOVERY, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SIGNING = jwk.ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
OTHER = jwk.ECKey.generate_key("P-256", {"kid": "other", "use": "sig"})


def signed(claims: dict[str, Any], key: Any = SIGNING, algorithm: str = "ES256", **header: Any) -> str:
    """Write a token and sign it; a part of the header that is None is left out."""
    written = {"alg": algorithm, "kid": "one"} | header
    return jwt.encode(
        {name: value for name, value in written.items() if value is not None}, claims, key, [algorithm]
    )


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """Write a token without a signature (RFC 7519, section 6)."""
    parts = ({"alg": "none", "kid": "one"} | header, claims)
    return ".".join([*(_base64url(json.dumps(part).encode()) for part in parts), ""])


@dataclass
class FakeIssuer:
    """Issues one code for each question it is asked, and takes it once, with the verifier of that question."""

    clock: FakeClock
    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    """Claims about whoever signs in, beside the usual ones; None leaves a usual one out."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What it says of itself, beside the usual."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """What it does instead of answering as it should, by path."""
    write: Callable[[dict[str, Any]], str] = signed
    keys: list[Any] = field(default_factory=lambda: [SIGNING])
    asked: list[str] = field(default_factory=list)
    """The paths that were called."""
    questions: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked, by the code given for it."""

    def sign_in(self, address: str) -> dict[str, str]:
        """Do what a person and their browser do at the authorization endpoint; return what they bring back."""
        assert address.startswith(f"{self.url}/authorize?")
        question = dict(parse_qsl(urlsplit(address).query))
        code = uuid.uuid4().hex
        self.questions[code] = question
        return {"code": code, "state": question["state"]}

    def claims(self, nonce: str) -> dict[str, Any]:
        """Return what a token says."""
        now = int(self.clock.now().timestamp())
        usual = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "sub": "kari-1",
        }
        return {name: value for name, value in (usual | self.person).items() if value is not None}

    def seen_at(self, at: datetime) -> None:
        """Say from now on that whoever signs in did so then."""
        self.person["auth_time"] = int(at.timestamp())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        usual = {DISCOVERY: self._discovery, KEYS: self._keys, TOKEN: self._token}
        return await (self.answers.get(request.path) or usual[request.path])(request)

    async def _discovery(self, _: web.Request) -> web.Response:
        usual = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}{TOKEN}",
            "jwks_uri": f"{self.url}{KEYS}",
        }
        return web.json_response(usual | self.metadata)

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        question = self.questions.pop(str(form["code"]), None)
        if "client_secret" in form:
            client = (form["client_id"], form["client_secret"])
        else:
            given = BasicAuth.decode(request.headers["Authorization"])
            client = (given.login, given.password)
        if question is None or client != (CLIENT, SECRET):
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        right = _base64url(digest) == question["code_challenge"]
        if not right or form["redirect_uri"] != question["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"id_token": self.write(self.claims(question["nonce"])), "token_type": "Bearer"}
        )


async def hanging(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


def answering(status: int = 200, body: Any = None, **headers: str) -> Answer:
    """Answer this, whatever is asked."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


@asynccontextmanager
async def running_issuer(clock: FakeClock) -> AsyncIterator[FakeIssuer]:
    """Serve an issuer on loopback until the block ends."""
    issuer = FakeIssuer(clock)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", issuer._answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    issuer.url = f"http://{host}:{port}"
    try:
        yield issuer
    finally:
        await runner.cleanup()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
