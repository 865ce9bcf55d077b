"""The way to a sign-in provider and back: begun for one browser, good once, for ten minutes. Who comes back is openid_sign_in.py's.

Authorization-code flow with PKCE (RFC 7636). The browser's cookie holds 256 random bits; `state`, `nonce` and the
verifier follow from them, so that the database holds nothing a sign-in could be finished with.
"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import structlog
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from integration_admin.adapters.openid import IssuerCaller, IssuerMetadata, Redemption, word
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FlowPurpose
from integration_admin.data.database import Database
from integration_admin.data.models_identity import IdentityProvider, OpenIdFlow
from integration_admin.data.secrets import SecretStore
from integration_admin.services.id_tokens import Expected, Identity, TokenRefused, identify
from integration_admin.services.issuers import Issuers
from integration_admin.services.openid_reasons import Reason
from integration_admin.services.tokens import RandomBytes, fingerprint, new_token

LIFETIME: Final = timedelta(minutes=10)
CALLBACK: Final = "/auth/openid/callback"
REFUSED: Final[Message] = msg(
    "You could not be signed in that way. Try again, or sign in with your password. If it keeps happening, ask an"
    " administrator of your organisation: its audit log says why."
)
_LONGEST_CODE: Final = 8_192

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it has to bring back with it."""

    address: str
    token: Secret


@dataclass(frozen=True, slots=True)
class Journey:
    """What somebody is sent to the provider for, and what that is about.

    `asks_anew` is whether the provider asks who they are even of somebody who is signed in there.
    """

    purpose: FlowPurpose
    target: str
    member_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    sign_in_step_id: uuid.UUID | None = None
    asks_anew: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came back, from where, and what for."""

    flow: OpenIdFlow
    provider: IdentityProvider
    identity: Identity


class NotIdentified(Exception):
    """Somebody came back from the provider, and it is not sure who."""

    def __init__(self, flow: OpenIdFlow, provider: IdentityProvider, reason: Reason) -> None:
        super().__init__(reason)
        self.flow = flow
        self.provider = provider
        self.reason = reason


class OpenIdFlows:
    """Sends browsers to providers and takes them back."""

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        calls: IssuerCaller,
        clock: Clock,
        random: RandomBytes,
        public_url: str,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._calls = calls
        self._clock = clock
        self._random = random
        self.redirect_uri = public_url + CALLBACK
        self.issuers = Issuers(calls, clock)

    async def depart(self, provider: IdentityProvider, journey: Journey) -> Departure:
        """Return where the browser is sent. Raises AdapterError where the provider cannot be reached."""
        metadata = await self.issuers.metadata(provider.issuer)
        now, token = self._clock.now(), new_token(self._random)
        flow = OpenIdFlow(
            id=uuid.uuid4(),
            identity_provider_id=provider.id,
            purpose=journey.purpose,
            token_hash=fingerprint(token),
            member_id=journey.member_id,
            session_id=journey.session_id,
            sign_in_step_id=journey.sign_in_step_id,
            target=journey.target,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with self._database.write(provider.organisation_id) as unit:
            await unit.identity.add_flow(flow)
        question = self._question(provider, token)
        if journey.asks_anew:
            question |= {"prompt": "login"}
        if journey.purpose is FlowPurpose.CONFIRM:
            # Then the token says when they proved who they are (OpenID Connect Core 1.0, section 3.1.2.1).
            question |= {"max_age": "0"}
        return Departure(_asking(metadata.authorization_endpoint, question), token)

    async def way_out(self, provider: IdentityProvider) -> str:
        """Return where a browser is signed out at the provider, which asks first; empty where there is no such place.

        Raises AdapterError.
        """
        end = (await self.issuers.metadata(provider.issuer)).end_session_endpoint
        return _asking(end, {"client_id": provider.client_id}) if end else ""

    async def arrive(self, token: Secret | None, answer: Mapping[str, str]) -> Arrived:
        """Return who came back, once for each departure.

        Raises SignInRequired where no browser of ours was on the way, and NotIdentified.
        """
        flow, provider = await self._taken(token, answer.get("state", ""))
        assert token is not None  # noqa: S101, a way that was found has a token
        try:
            return Arrived(flow, provider, await self._identified(provider, token, answer))
        except TokenRefused as error:
            reason, detail = error.reason, str(error)
        except AdapterError as error:
            reason, detail = Reason.UNREACHABLE, error.internal
        log.warning("sign_in.provider_failed", reason=str(reason), detail=detail)
        raise NotIdentified(flow, provider, reason)

    def _question(self, provider: IdentityProvider, token: Secret) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": derived(token, "state").reveal(),
            "nonce": derived(token, "nonce").reveal(),
            "code_challenge": create_s256_code_challenge(derived(token, "verifier").reveal()),
            "code_challenge_method": "S256",
        }

    async def _taken(self, token: Secret | None, state: str) -> tuple[OpenIdFlow, IdentityProvider]:
        """Return the way this browser is on, and use it up; another browser's answer uses up nothing."""
        found = None
        if token is not None:
            async with self._database.system() as system:
                found = await system.identity.flow(fingerprint(token))
        if token is None or found is None or found[0].expires_at <= self._clock.now():
            raise _nobody(Reason.NO_FLOW)
        if not hmac.compare_digest(
            state.encode("utf-8", "replace"), derived(token, "state").reveal().encode()
        ):
            raise _nobody(Reason.STATE)
        async with self._database.write(found[1].organisation_id) as unit:
            if not await unit.identity.take_flow(found[0].id):
                raise _nobody(Reason.USED)
        return found

    async def _identified(
        self, provider: IdentityProvider, token: Secret, answer: Mapping[str, str]
    ) -> Identity:
        metadata = await self.issuers.metadata(provider.issuer)
        _check_sender(metadata, answer)
        code = answer.get("code", "")
        if "error" in answer or not 1 <= len(code) <= _LONGEST_CODE:
            raise TokenRefused(Reason.REFUSED_THERE, word(answer.get("error")))
        by = Redemption(
            provider.client_id,
            self._secrets.open_row(provider),
            self.redirect_uri,
            derived(token, "verifier"),
        )
        id_token = await self._calls.redeem(metadata, Secret(code), by)
        expected = Expected(provider.issuer, provider.client_id, derived(token, "nonce"))
        return await identify(id_token, expected, self.issuers, self._clock.now())


def derived(token: Secret, purpose: str) -> Secret:
    """Return 256 bits that follow from a browser's token, others for each purpose, safe in addresses."""
    digest = hmac.new(token.reveal().encode("utf-8", "replace"), purpose.encode(), hashlib.sha256).digest()
    return Secret(base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def _asking(address: str, question: Mapping[str, str]) -> str:
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(question)}"


def _check_sender(metadata: IssuerMetadata, answer: Mapping[str, Any]) -> None:
    """Raise TokenRefused for an answer of another issuer than the one that was asked (RFC 9207, section 2.4)."""
    sender = answer.get("iss")
    if sender != metadata.issuer and (sender is not None or metadata.names_itself):
        raise TokenRefused(Reason.SENDER)


def _nobody(reason: Reason) -> SignInRequired:
    log.warning("sign_in.provider_refused", reason=str(reason))
    return SignInRequired(REFUSED, internal=reason)
