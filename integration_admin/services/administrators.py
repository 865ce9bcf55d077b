"""Who decides who gets in has their turn first, and is looked at once more then: they may have lost that right meanwhile."""

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotPermitted
from integration_admin.core.statuses import Role
from integration_admin.data.repositories.unit import Unit


async def take_turn(unit: Unit, actor: Actor) -> None:
    """Let one administrator at a time go on from here; raises NotPermitted for one who is none any more."""
    await unit.organisations.take_turns()
    if actor.member_id is None:
        return
    present = {member.id: member for member in await unit.organisations.members()}.get(actor.member_id)
    if present is None or present.disabled_at is not None or present.role is not Role.ADMINISTRATOR:
        raise NotPermitted(internal="no administrator any more")
