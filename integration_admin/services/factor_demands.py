"""Whom an organisation lets in only with a second factor, and taking away the factors of somebody who lost them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.actor import COMMAND_LINE, Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import FactorDemand, Permission, Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.repositories.unit import Unit


@dataclass(frozen=True, slots=True)
class MemberFactors:
    """One person of the organisation, and whether they have a second factor."""

    id: uuid.UUID
    name: str
    email: str
    has_factor: bool
    is_self: bool


def must_have(demand: FactorDemand, role: Role) -> bool:
    """Tell whether a member of this role is let in only with a second factor."""
    return demand is FactorDemand.EVERYBODY or (
        demand is FactorDemand.ADMINISTRATORS and role is Role.ADMINISTRATOR
    )


async def end_without_factor(unit: Unit, member: Member, by: str, at: datetime) -> None:
    """End the sessions of a member who must have a second factor by now and has none: they set one up at the next."""
    if not must_have((await unit.organisations.get()).factor_demand, member.role):
        return
    if member.id in await unit.factors.with_factor():
        return
    if ended := await unit.people.end_sessions(member.id, at):
        await unit.audit.add(at, by, "member.end_sessions", member.email, count=ended)


class FactorDemands:
    """What an administrator decides for the whole organisation."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def members(self, actor: Actor) -> list[MemberFactors]:
        """Return who can sign in, by name, and whether with a second factor; for administrators."""
        actor.require(Permission.CONFIGURE)
        async with self._database.read(actor.organisation_id) as unit:
            rows, having = await unit.organisations.members(), await unit.factors.with_factor()
        return [
            MemberFactors(row.id, row.name, row.email, row.id in having, row.id == actor.member_id)
            for row in rows
            if row.disabled_at is None
        ]

    async def set(self, actor: Actor, demand: FactorDemand) -> int:
        """Demand a second factor of those members; return how many sessions ended because one is missing.

        Raises InvalidInput for an administrator who would lock themselves out.
        """
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            # Whoever is signing in has a session by then, which ends here, or learns of the demand.
            await unit.organisations.take_turns()
            if must_have(demand, actor.role) and actor.member_id not in await unit.factors.with_factor():
                sentence = msg("Set up a second factor of your own first. Then you can demand it of others.")
                raise InvalidInput(sentence, fields={"demand": sentence})
            organisation = await unit.organisations.get()
            before = organisation.factor_demand
            if before is demand:
                return 0
            organisation.factor_demand = demand
            roles = [role for role in Role if must_have(demand, role)]
            ended = await unit.factors.end_sessions_without_factor(roles, now)
            old, new = {"demand": before.value}, {"demand": demand.value}
            await unit.audit.add(now, actor.name, "factor.demand", old=old, new=new)
        return ended

    async def reset(self, actor: Actor, member_id: uuid.UUID) -> None:
        """Take away every second factor of another member, who has lost them. Raises NotFound, InvalidInput."""
        actor.require(Permission.CONFIGURE)
        if member_id == actor.member_id:
            sentence = msg("Remove your own second factors one by one, on your own page.")
            raise InvalidInput(sentence, fields={"member": sentence})
        async with self._database.write(actor.organisation_id) as unit:
            await self._reset(unit, await unit.organisations.member(member_id), actor.name)

    async def reset_by_email(self, email: str) -> None:
        """Do the same for whoever operates the server; raises NotFound."""
        async with self._database.system() as system:
            member = await system.member_by_email(email.strip().lower())
        if member is None:
            raise NotFound(msg("Nobody signs in with the e-mail address {email}.", email=email))
        async with self._database.write(member.organisation_id) as unit:
            await self._reset(unit, member, COMMAND_LINE)

    async def _reset(self, unit: Unit, member: Member, by: str) -> None:
        await unit.factors.remove_app(member.id)
        for passkey in await unit.factors.passkeys(member.id):
            await unit.factors.remove_passkey(member.id, passkey.id)
        await unit.factors.replace_codes(member.id, [])
        await unit.factors.drop_steps(member.id)
        now = self._clock.now()
        await unit.audit.add(now, by, "factor.reset", member.email)
        await end_without_factor(unit, member, by, now)
