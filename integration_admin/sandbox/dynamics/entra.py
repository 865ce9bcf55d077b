"""Gives out bearer tokens as Microsoft Entra ID does for client credentials, and tells whose a token is.

The bodies of its refusals are in entra_errors.py.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integration_admin.core.clock import Clock
from integration_admin.sandbox.dynamics.behaviour import Behaviour
from integration_admin.sandbox.dynamics.credentials import TENANT_DOMAIN, App, apps_of, tenant_of
from integration_admin.sandbox.dynamics.entra_errors import Refusal, refusal_body

BUSINESS_CENTRAL: Final = "https://api.businesscentral.dynamics.com"
"""The resource of Business Central online; its scope is this and /.default."""
_ROLES: Final = ("API.ReadWrite.All",)
_FINANCE_HOST = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)*\.dynamics\.com")
_SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a bearer token was given to, and for which resource."""

    app: App
    tenant: str
    resource: str
    has_roles: bool
    until: float
    """When it ends, in monotonic seconds."""


class Entra:
    """The tenant, its apps and the tokens that were given out."""

    def __init__(self, seed: int, behaviour: Behaviour, clock: Clock) -> None:
        self.tenant = tenant_of(seed)
        self.behaviour = behaviour
        self._seed = seed
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self.reset()

    def reset(self) -> None:
        """Forget every token, and how apps were changed."""
        self.apps = apps_of(self._seed)
        self.requests = 0
        self._holders: dict[str, Holder] = {}

    def routes(self) -> list[Route]:
        """Return the token endpoint's route."""
        return [Route("/{tenant}/oauth2/v2.0/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        """Give out a token, or say why not (facts 1.1 and 3)."""
        self.requests += 1
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()
        }
        try:
            answer = self._issue(request.path_params["tenant"], form, _origin(request))
        except Refusal as refusal:
            body = refusal_body(refusal, self._clock.now(), line_breaks=self.behaviour.entra_line_breaks)
            return JSONResponse(body, refusal.status)
        return JSONResponse(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    def holder(self, authorization: str | None) -> Holder | None:
        """Return whom an Authorization header's token belongs to, unless it is unknown or over."""
        word, _, value = (authorization or "").partition(" ")
        holder = self._holders.get(value) if word.lower() == "bearer" else None
        if holder is None or self._clock.monotonic() >= holder.until:
            return None
        return holder

    def app_named(self, name: str) -> App | None:
        """Return the registered app with this demo name."""
        return next((app for app in self.apps.values() if app.name == name), None)

    def revoke(self) -> int:
        """Let every token end now; return how many there were."""
        count = len(self._holders)
        self._holders.clear()
        return count

    def _issue(self, tenant: str, form: Mapping[str, str], origin: str) -> dict[str, Any]:
        """Return a token's answer. Raises Refusal."""
        if self.behaviour.entra_trouble:
            number = self.behaviour.entra_trouble
            raise Refusal(number, "temporarily_unavailable", "The service is temporarily unavailable.", 503)
        self._require_tenant(tenant)
        app = self._require_app(form)
        resource = _resource(form, origin)
        _require_secret(form, app)
        return self._token(app, resource)

    def _token(self, app: App, resource: str) -> dict[str, Any]:
        seconds = self.behaviour.token_seconds
        value = self._signed(app, resource, seconds)
        until = self._clock.monotonic() + seconds
        self._holders[value] = Holder(app, self.tenant, resource, app.consented, until)
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": value,
        }

    def _signed(self, app: App, resource: str, seconds: int) -> str:
        """Return a JSON web token; without consent it has no `roles` (facts 1.1)."""
        now = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "appid": app.client_id,
            "tid": self.tenant,
            "uti": secrets.token_urlsafe(12),
            "ver": "1.0",
        }
        if app.consented:
            claims["roles"] = list(_ROLES)
        head = _encoded({"typ": "JWT", "alg": "HS256"}) + "." + _encoded(claims)
        signature = hmac.new(self._key, head.encode(), hashlib.sha256).digest()
        return f"{head}.{_base64(signature)}"

    def _require_tenant(self, tenant: str) -> None:
        if tenant.lower() in _SHARED_TENANTS:
            raise Refusal(
                9001023,
                "invalid_request",
                "The grant type is not supported over the /common or /consumers endpoints."
                " Please use a tenant-specific endpoint.",
            )
        if tenant.lower() not in (self.tenant, TENANT_DOMAIN):
            raise Refusal(
                90002,
                "invalid_tenant",
                f"Tenant '{tenant[:80]}' not found. Check to make sure you have the correct tenant ID"
                " and are signing into the correct cloud.",
            )

    def _require_app(self, form: Mapping[str, str]) -> App:
        for name in ("grant_type", "client_id", "scope"):
            if name not in form:
                raise Refusal(
                    900144,
                    "invalid_request",
                    f"The request body must contain the following parameter: '{name}'.",
                )
        if form["grant_type"] != "client_credentials":
            raise Refusal(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
        app = self.apps.get(form["client_id"].lower())
        if app is None:
            raise Refusal(
                700016,
                "unauthorized_client",
                f"Application with identifier '{form['client_id'][:80]}' was not found in the directory"
                " 'Eksempelforbundet'. This can happen if the application has not been installed by the"
                " administrator of the tenant or consented to by any user in the tenant.",
            )
        return app


def _require_secret(form: Mapping[str, str], app: App) -> None:
    secret = form.get("client_secret")
    if secret is None:
        raise Refusal(
            7000218,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            401,
        )
    if secret == app.expired_secret:
        raise Refusal(
            7000222,
            "invalid_client",
            f"The provided client secret keys for app '{app.client_id}' are expired. Create new keys for"
            " your app.",
            401,
        )
    if not hmac.compare_digest(secret.encode(), app.secret.encode()):
        raise Refusal(
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret"
            f" value, not the client secret ID, for a secret added to app '{app.client_id}'.",
            401,
        )


def _resource(form: Mapping[str, str], origin: str) -> str:
    """Return the resource a scope names: Business Central, a Finance & Operations host, or this sandbox."""
    resource, found, rest = form["scope"].rpartition("/.default")
    if not found or rest or " " in resource:
        raise Refusal(
            70011,
            "invalid_scope",
            f"The provided request must include a 'scope' input parameter. The scope {form['scope'][:80]}"
            " is not valid.",
        )
    if resource not in (BUSINESS_CENTRAL, origin) and not _FINANCE_HOST.fullmatch(resource):
        raise Refusal(
            500011,
            "invalid_resource",
            f"The resource principal named {resource[:80]} was not found in the tenant named"
            " Eksempelforbundet.",
        )
    return resource


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _encoded(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
