"""The OpenID Connect issuer an organisation's people sign in with: set up, looked at, demanded, removed. Signing in is openid_sign_in.py's."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration_admin.adapters.openid import IssuerCaller
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.models_identity import IdentityProvider
from integration_admin.data.repositories.unit import Unit
from integration_admin.data.secrets import SecretStore
from integration_admin.services.id_tokens import is_entra
from integration_admin.services.openid_flows import OpenIdFlows
from integration_admin.services.provider_form import ProviderForm, check
from integration_admin.services.second_factors import member_of
from integration_admin.services.sign_in_order import confirming_provider
from integration_admin.services.tokens import RandomBytes, new_token

PAGE: Final = "/sign-in/provider"
START: Final = "/auth/openid/start"
LEAVE: Final = "/auth/openid/leave"
_HANDLE_COOKIE: Final = "sign-in-with"
_LONGEST_HANDLE = 64


@dataclass(frozen=True, slots=True)
class ConnectedMember:
    """One person, and since when it is known who they are at the provider."""

    id: uuid.UUID
    name: str
    email: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ProviderView:
    """The provider as it is set up; never its secret."""

    name: str
    issuer: str
    client_id: str
    stored_at: datetime
    trusts_mfa: bool
    required: bool
    sign_in_address: str
    members: tuple[ConnectedMember, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What an issuer says of itself just now."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    keys: int
    is_entra: bool


@dataclass(frozen=True, slots=True)
class Button:
    """What leads to a provider: the name on it, and the address's unguessable end."""

    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class OwnConnection:
    """The caller's organisation's provider, and since when the caller is connected with it."""

    name: str
    since: datetime | None
    confirms: bool
    """Whether signing in there counts as proving again who one is; beside a second factor only where it says enough."""


class IdentityProviders:
    """Keeps an organisation's provider; all but what concerns oneself is for administrators."""

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        calls: IssuerCaller,
        flows: OpenIdFlows,
        clock: Clock,
        random: RandomBytes,
        public_url: str,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._calls = calls
        self._flows = flows
        self._clock = clock
        self._random = random
        self._public_url = public_url

    @property
    def handle_cookie(self) -> str:
        """Where a browser remembers by which sign-in address somebody came in, so that the sign-in page has its button.

        On https no neighbouring host can put another there.
        """
        return f"__Host-{_HANDLE_COOKIE}" if self._public_url.startswith("https://") else _HANDLE_COOKIE

    def handle_in(self, cookies: str) -> str:
        """Return the sign-in address a browser remembers, from a Cookie header."""
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.handle_cookie:
                return value
        return ""

    @property
    def redirect_uri(self) -> str:
        """The address to register at the provider."""
        return self._flows.redirect_uri

    async def get(self, actor: Actor) -> ProviderView | None:
        """Return the provider and who is connected with it. Raises NotPermitted."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            found = await unit.identity.provider()
            members, connected = await unit.organisations.members(), await unit.identity.connected()
        if found is None:
            return None
        since = {member_id: row.created_at for member_id, row in connected.items()}
        return ProviderView(
            found.name,
            found.issuer,
            found.client_id,
            found.stored_at,
            found.trusts_mfa,
            found.required,
            f"{self._public_url}{PAGE}?with={found.handle}",
            tuple(ConnectedMember(row.id, row.name, row.email, since.get(row.id)) for row in members),
        )

    async def save(self, actor: Actor, form: ProviderForm) -> None:
        """Store the provider; another issuer or client needs its own secret, and is not demanded until somebody says so.

        Raises InvalidInput by field, NotPermitted, VaultError.
        """
        actor.require(Permission.CONFIGURE)
        check(form, self._calls.check)
        async with self._database.write(actor.organisation_id) as unit:
            # Somebody may be demanding the one of before at this moment, and nobody is known to another one.
            await unit.organisations.take_turns()
            found = await unit.identity.provider()
            same = found is not None and (found.issuer, found.client_id) == (form.issuer, form.client_id)
            if not form.secret.reveal() and not same:
                sentence = msg("Enter the client secret that belongs to this issuer and client ID.")
                raise InvalidInput(sentence, fields={"secret": sentence})
            before = _told(found) if found else {}
            kept = found or self._new(actor.organisation_id)
            if found is not None and found.issuer != form.issuer:
                await unit.identity.disconnect()
            if not same:
                # What the provider of before gives them is not for this one.
                await unit.identity.drop_flows()
            await self._put(unit, kept, form, same=same)
            if found is None:
                await unit.identity.add_provider(kept)
            renewed = ["client_secret"] if form.secret.reveal() else []
            await unit.audit.add(
                self._clock.now(),
                actor.name,
                "provider.save",
                kept.name,
                old=before,
                new=_told(kept),
                fields=renewed,
            )

    async def look(self, actor: Actor) -> Seen:
        """Ask the issuer what it says of itself. Raises NotFound, NotPermitted, AdapterError."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            provider = _there(await unit.identity.provider())
        metadata, keys = await self._flows.issuers.ask(provider.issuer)
        return Seen(
            metadata.issuer,
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            keys,
            is_entra(metadata.issuer),
        )

    async def demand(self, actor: Actor) -> int:
        """Let nobody in any more without the provider; return how many sessions ended.

        Those are of members who are not connected with it yet. Raises NotFound, NotPermitted, and InvalidInput
        for an administrator who has not signed in with it themselves.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Whoever is signing in has a session by then, which ends here, or learns of the demand.
            await unit.organisations.take_turns()
            provider, connected = _there(await unit.identity.provider()), await unit.identity.connected()
            if actor.member_id not in connected:
                sentence = msg(
                    "Connect your own account with {name} first. Then it is known that signing in with it works.",
                    name=provider.name,
                )
                raise InvalidInput(sentence, fields={"demand": sentence})
            await unit.identity.change_provider(provider.id, required=True)
            ended = await unit.identity.end_all_but(list(connected), now)
            await unit.audit.add(now, actor.name, "provider.demand", provider.name, count=ended)
        return ended

    async def free(self, actor: Actor) -> None:
        """Let people in by password or passkey again. Raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            provider = _there(await unit.identity.provider())
            await unit.identity.change_provider(provider.id, required=False)
            await unit.audit.add(self._clock.now(), actor.name, "provider.free", provider.name)

    async def remove(self, actor: Actor) -> None:
        """Forget the provider, its secret, and who is who there. Raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            provider = _there(await unit.identity.provider())
            await unit.identity.remove_provider()
            await unit.audit.add(self._clock.now(), actor.name, "provider.remove", provider.name)

    async def disconnect(self, actor: Actor, member_id: uuid.UUID) -> None:
        """Forget who a member is at the provider. Raises NotFound; NotPermitted for somebody else's."""
        if member_id != actor.member_id:
            actor.require(Permission.CONFIGURE)
        async with self._database.write(actor.organisation_id) as unit:
            member = await unit.organisations.member(member_id)
            if await unit.identity.disconnect(member.id):
                await unit.audit.add(self._clock.now(), actor.name, "provider.disconnect", member.email)

    async def own(self, actor: Actor) -> OwnConnection | None:
        """Return the provider of the caller's organisation, and whether the caller is connected. Raises SignInRequired."""
        member_id = member_of(actor)
        async with self._database.read(actor.organisation_id) as unit:
            provider = await unit.identity.provider()
            if provider is None:
                return None
            known = await unit.identity.of_member(member_id)
            confirms = await confirming_provider(unit, member_id) is not None
        return OwnConnection(provider.name, known.created_at if known else None, confirms)

    async def button(self, handle: str) -> Button | None:
        """Return what leads to the provider of a sign-in address; None for one that was made up."""
        if not 1 <= len(handle) <= _LONGEST_HANDLE:
            return None
        async with self._database.system() as system:
            found = await system.identity.provider(handle)
        return None if found is None else Button(found[0].name, handle)

    async def name_of(self, organisation_id: uuid.UUID) -> str | None:
        """Return the name of an organisation's provider."""
        async with self._database.read(organisation_id) as unit:
            provider = await unit.identity.provider()
        return provider.name if provider else None

    def _new(self, organisation_id: uuid.UUID) -> IdentityProvider:
        return IdentityProvider(
            id=uuid.uuid4(),
            organisation_id=organisation_id,
            handle=new_token(self._random).reveal(),
            envelope="",
            required=False,
        )

    async def _put(self, unit: Unit, provider: IdentityProvider, form: ProviderForm, *, same: bool) -> None:
        provider.name, provider.issuer, provider.client_id = form.name, form.issuer, form.client_id
        provider.trusts_mfa = form.trusts_mfa
        provider.required = same and provider.required
        if form.secret.reveal():
            provider.envelope = await self._secrets.seal(unit, provider, form.secret)
            provider.stored_at = self._clock.now()


def _there(provider: IdentityProvider | None) -> IdentityProvider:
    if provider is None:
        raise NotFound(msg("No sign-in provider is set up."))
    return provider


def _told(provider: IdentityProvider) -> dict[str, object]:
    """Return what the audit log tells of a provider."""
    return {
        "name": provider.name,
        "issuer": provider.issuer,
        "client": provider.client_id,
        "trusts_mfa": provider.trusts_mfa,
        "required": provider.required,
    }
