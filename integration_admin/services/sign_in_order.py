"""What a member has to do before a session is opened, in which order: the organisation's provider, then a second factor."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from integration_admin.core.statuses import SignInStepKind
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.models_identity import IdentityProvider
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.factor_demands import must_have


@asynccontextmanager
async def entering(database: Database, member: Member) -> AsyncIterator[Unit]:
    """Begin a transaction in which what the organisation demands stays as it is until a member is in, or is not.

    Whoever makes it demand more waits for that, and ends what was opened.
    """
    async with database.write(member.organisation_id) as unit:
        await unit.organisations.take_turns()
        yield unit


async def after_password(unit: Unit, member: Member) -> SignInStepKind | None:
    """Tell what follows the right password: the sign-in provider, a second factor, setting one up, or nothing."""
    return SignInStepKind.PROVIDER if await demands_provider(unit) else await own_factor(unit, member)


async def demands_provider(unit: Unit) -> bool:
    """Tell whether nobody gets in without the sign-in provider."""
    provider = await unit.identity.provider()
    return provider is not None and provider.required


async def confirming_provider(unit: Unit, member_id: uuid.UUID) -> IdentityProvider | None:
    """Return the provider with which a member may prove again who they are.

    Of a member with a second factor only where its word for that counts.
    """
    provider = await unit.identity.provider()
    if provider is None or await unit.identity.of_member(member_id) is None:
        return None
    counts = provider.trusts_mfa or member_id not in await unit.factors.with_factor()
    return provider if counts else None


async def own_factor(unit: Unit, member: Member) -> SignInStepKind | None:
    """Tell whether a member has a second factor to prove, or must set one up."""
    if member.id in await unit.factors.with_factor():
        return SignInStepKind.CODE
    demand = (await unit.organisations.get()).factor_demand
    # Looking at a password takes a while, in which they may have been given another role.
    role = (await unit.organisations.member(member.id)).role
    return SignInStepKind.ENROL if must_have(demand, role) else None
