"""Signing in with an organisation's provider (OpenID Connect): who of us somebody there is, and what they get by it.

How they get there and back is in openid_flows.py, what an organisation sets up in identity_providers.py.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FlowPurpose, SignInStepKind
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.models_identity import IdentityProvider, MemberIdentity, OpenIdFlow
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.id_tokens import LEEWAY, Identity
from integration_admin.services.openid_flows import (
    REFUSED,
    Arrived,
    Departure,
    Journey,
    NotIdentified,
    OpenIdFlows,
)
from integration_admin.services.openid_reasons import Reason
from integration_admin.services.second_factors import member_of
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import IDLE, Halfway, Principal, SignedIn, Visit
from integration_admin.services.tokens import fingerprint

_SKEW: Final = timedelta(seconds=LEEWAY)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of somebody who came back: a session, a second step, or nothing new; where they go on.

    `handle` is the end of the provider's sign-in address.
    """

    result: SignedIn | Halfway | None
    target: str
    handle: str


class _NotLetIn(Exception):
    """The provider is sure who somebody is, and they get nothing by it here."""

    def __init__(self, reason: Reason, member: Member | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.member = member


class OpenIdSignIn:
    """Lets in whom the organisation's provider vouches for; nobody becomes a member by that."""

    def __init__(
        self, database: Database, flows: OpenIdFlows, sign_in: SignIn, clock: Clock, limits: SignInLimits
    ) -> None:
        self._database = database
        self._flows = flows
        self._sign_in = sign_in
        self._clock = clock
        self._limits = limits

    async def begin(self, handle: str, target: str, visit: Visit) -> Departure:
        """Send somebody to the provider of a sign-in address. Raises SignInRequired, AdapterError, TooManyAttempts."""
        provider = await self._of_address(handle, visit)
        return await self._flows.depart(provider, Journey(FlowPurpose.SIGN_IN, target))

    async def way_out(self, handle: str, visit: Visit) -> str:
        """Return where somebody signs out at the provider of a sign-in address; empty where it has no such place.

        Raises SignInRequired, AdapterError, TooManyAttempts.
        """
        return await self._flows.way_out(await self._of_address(handle, visit))

    async def begin_to_finish(self, step: Secret, target: str, visit: Visit) -> Departure:
        """Send somebody who has given the password. Raises SignInRequired, AdapterError, TooManyAttempts."""
        await self._count(visit)
        async with self._database.system() as system:
            found = await system.factors.step(fingerprint(step))
        now = self._clock.now()
        if found is None or found[0].kind is not SignInStepKind.PROVIDER or found[0].expires_at <= now:
            raise SignInRequired(REFUSED, internal="no such step")
        row, member, _ = found
        async with self._database.read(member.organisation_id) as unit:
            connects = await unit.identity.of_member(member.id) is None
        journey = Journey(FlowPurpose.FINISH, target, member.id, sign_in_step_id=row.id, asks_anew=connects)
        return await self._flows.depart(await self._provider(member.organisation_id), journey)

    async def begin_own(
        self, principal: Principal, purpose: FlowPurpose, target: str, visit: Visit
    ) -> Departure:
        """Send somebody who is signed in, to connect accounts or to confirm. Raises SignInRequired, AdapterError, TooManyAttempts."""
        await self._count(visit)
        provider = await self._provider(principal.actor.organisation_id)
        journey = Journey(purpose, target, member_of(principal.actor), principal.session_id, asks_anew=True)
        return await self._flows.depart(provider, journey)

    async def arrive(self, token: Secret | None, answer: dict[str, str], visit: Visit) -> Arrival:
        """Take somebody back from the provider. Raises SignInRequired, in the same words whatever is wrong."""
        try:
            arrived = await self._flows.arrive(token, answer)
        except NotIdentified as error:
            await self._note_refused(error.flow, error.provider, error.reason, None, visit)
            raise SignInRequired(REFUSED, internal=error.reason) from None
        try:
            result = await self._let_in(arrived, visit)
        except _NotLetIn as error:
            await self._note_refused(arrived.flow, arrived.provider, error.reason, error.member, visit)
            raise SignInRequired(REFUSED, internal=error.reason) from None
        return Arrival(result, arrived.flow.target, arrived.provider.handle)

    async def _let_in(self, arrived: Arrived, visit: Visit) -> SignedIn | Halfway | None:
        if arrived.flow.purpose is FlowPurpose.CONNECT:
            await self._connect_own(arrived)
            return None
        if arrived.flow.purpose is FlowPurpose.CONFIRM:
            await self._confirm(arrived)
            return None
        provider, finishes = arrived.provider, arrived.flow.purpose is FlowPurpose.FINISH
        try:
            async with self._database.write(provider.organisation_id) as unit:
                await _refuse_replaced(unit, provider)
                member = await (_finished(unit, arrived) if finishes else _recognised(unit, arrived))
                if member.disabled_at is not None:
                    raise _NotLetIn(Reason.DISABLED, member)
                await self._note_used(unit, arrived, member)
        except Conflict:
            raise _NotLetIn(Reason.SOMEBODY_ELSES) from None
        several = provider.trusts_mfa and arrived.identity.used_several_factors
        # Whoever is signed in there already may come back without having been asked for anything.
        proved_at = arrived.flow.created_at if finishes else arrived.identity.authenticated_at
        return await self._sign_in.come_from_provider(
            member, visit, provider.name, several_factors=several, proved_at=proved_at
        )

    async def _note_used(self, unit: Unit, arrived: Arrived, member: Member) -> None:
        """Note that somebody was there, and the first time who they are there."""
        now, known = self._clock.now(), await unit.identity.of_member(member.id)
        if known is not None:
            await unit.identity.note_used(known.id, now)
            return
        await unit.identity.connect(_identity(arrived, member.id))
        await unit.audit.add(now, member.email, "provider.connect", arrived.provider.name)

    async def _connect_own(self, arrived: Arrived) -> None:
        flow, now = arrived.flow, self._clock.now()
        try:
            async with self._database.write(arrived.provider.organisation_id) as unit:
                await _refuse_replaced(unit, arrived.provider)
                member = await self._still_there(unit, flow)
                await _refuse_anothers(unit, arrived.identity, member)
                await unit.identity.connect(_identity(arrived, member.id))
                await unit.audit.add(now, member.email, "provider.connect", arrived.provider.name)
        except Conflict:
            raise _NotLetIn(Reason.SOMEBODY_ELSES) from None

    async def _confirm(self, arrived: Arrived) -> None:
        """Count a session's person as having proved who they are just now."""
        flow, provider, now = arrived.flow, arrived.provider, self._clock.now()
        async with self._database.write(provider.organisation_id) as unit:
            await _refuse_replaced(unit, provider)
            member = await self._still_there(unit, flow)
            found = await unit.identity.who(arrived.identity.issuer, arrived.identity.subject)
            if found is None or found[1].id != member.id:
                raise _NotLetIn(Reason.ANOTHER_PERSON, member)
            at = arrived.identity.authenticated_at
            if at is None or at < flow.created_at - _SKEW:
                raise _NotLetIn(Reason.AUTH_TIME, member)
            several = provider.trusts_mfa and arrived.identity.used_several_factors
            if not several and member.id in await unit.factors.with_factor():
                raise _NotLetIn(Reason.ONE_FACTOR, member)
            assert flow.session_id is not None  # noqa: S101, _still_there has found it
            await unit.organisations.note_authenticated(flow.session_id, now)
            await unit.audit.add(now, member.email, "reauthentication", provider=provider.name)

    async def _still_there(self, unit: Unit, flow: OpenIdFlow) -> Member:
        """Return the person whose session sent them, if it has not ended meanwhile."""
        if flow.member_id is None:
            raise _NotLetIn(Reason.SESSION)
        open_ones = await unit.people.sessions(flow.member_id, self._clock.now(), IDLE)
        member = await unit.organisations.member(flow.member_id)
        if member.disabled_at is not None or flow.session_id not in {row.id for row in open_ones}:
            raise _NotLetIn(Reason.SESSION, member)
        return member

    async def _of_address(self, handle: str, visit: Visit) -> IdentityProvider:
        await self._count(visit)
        async with self._database.system() as system:
            found = await system.identity.provider(handle)
        if found is None:
            raise SignInRequired(REFUSED, internal="no such sign-in address")
        return found[0]

    async def _provider(self, organisation_id: uuid.UUID) -> IdentityProvider:
        async with self._database.read(organisation_id) as unit:
            provider = await unit.identity.provider()
        if provider is None:
            raise SignInRequired(msg("There is no sign-in provider any more. Sign in again."))
        return provider

    async def _count(self, visit: Visit) -> None:
        # A name of its own each time: only what comes from one address altogether is limited.
        await self._limits.check(f"openid {uuid.uuid4()}", visit.address)

    async def _note_refused(
        self,
        flow: OpenIdFlow,
        provider: IdentityProvider,
        reason: Reason,
        member: Member | None,
        visit: Visit,
    ) -> None:
        log.warning("sign_in.provider_refused", reason=str(reason), address=visit.address)
        async with self._database.write(provider.organisation_id) as unit:
            if member is None and flow.member_id is not None:
                member = next((m for m in await unit.organisations.members() if m.id == flow.member_id), None)
            await unit.audit.add(
                self._clock.now(),
                member.email if member else provider.name,
                "sign_in.provider_refused",
                provider.name,
                address=visit.address,
                reason=str(reason),
            )


async def _refuse_replaced(unit: Unit, asked: IdentityProvider) -> None:
    """Raise _NotLetIn where another provider than the one that was asked counts by the time it has answered."""
    # Whoever replaces it disconnects everybody from it, and nobody may be connected again after that.
    await unit.organisations.take_turns()
    present = await unit.identity.provider()
    if present is None or (present.issuer, present.client_id) != (asked.issuer, asked.client_id):
        raise _NotLetIn(Reason.STEP)


async def _recognised(unit: Unit, arrived: Arrived) -> Member:
    """Return whom an identity belongs to: whoever is connected with it, else the member of a verified address."""
    identity = arrived.identity
    found = await unit.identity.who(identity.issuer, identity.subject)
    if found is not None:
        return found[1]
    member = await unit.identity.member_by_email(identity.email) if identity.email else None
    if member is None:
        raise _NotLetIn(Reason.NOBODY_HERE if identity.email else Reason.NOT_CONNECTED)
    if await unit.identity.of_member(member.id) is not None:
        raise _NotLetIn(Reason.ANOTHER_ACCOUNT, member)
    return member


async def _finished(unit: Unit, arrived: Arrived) -> Member:
    """Return whoever gave the password, if they are the same at the provider, or nobody knows yet who they are there."""
    flow, identity = arrived.flow, arrived.identity
    if flow.member_id is None or flow.sign_in_step_id is None:
        raise _NotLetIn(Reason.STEP)
    member = await unit.organisations.member(flow.member_id)
    if not await unit.factors.finish_step(flow.sign_in_step_id):
        raise _NotLetIn(Reason.STEP, member)
    found = await unit.identity.who(identity.issuer, identity.subject)
    known = await unit.identity.of_member(member.id)
    if (found is not None and found[1].id != member.id) or (known is not None and not _is(known, identity)):
        raise _NotLetIn(Reason.ANOTHER_PERSON, member)
    if known is None:
        await _refuse_anothers(unit, identity, member)
    return member


async def _refuse_anothers(unit: Unit, identity: Identity, member: Member) -> None:
    """Raise _NotLetIn where the issuer has verified that an account is another member's."""
    named = await unit.identity.member_by_email(identity.email) if identity.email else None
    if named is not None and named.id != member.id:
        raise _NotLetIn(Reason.ANOTHER_PERSON, member)


def _is(known: MemberIdentity, identity: Identity) -> bool:
    return (known.issuer, known.subject) == (identity.issuer, identity.subject)


def _identity(arrived: Arrived, member_id: uuid.UUID) -> MemberIdentity:
    return MemberIdentity(
        id=uuid.uuid4(),
        identity_provider_id=arrived.provider.id,
        member_id=member_id,
        issuer=arrived.identity.issuer,
        subject=arrived.identity.subject,
        created_at=arrived.flow.created_at,
    )
