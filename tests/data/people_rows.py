"""Rows of what people hold in a world: an open invitation, a link for a new password, a session of long ago."""

import uuid
from datetime import timedelta
from typing import Any

from integration_admin.core.statuses import LinkPurpose, Role
from integration_admin.data.models_access import Member, OneTimeLink, Session
from integration_admin.data.repositories.unit import Unit
from tests.fakes import START

LONG_AGO = START - timedelta(days=60)
"""When a session of every world ended."""
INVITED = "invited@example.org"
"""Invited into every world."""


def link_id(member: Member, purpose: LinkPurpose) -> uuid.UUID:
    """Return the id of a world's link, by its member; the invitation's is the lower one."""
    highest = 0 if purpose is LinkPurpose.INVITATION else 1 << 127
    return uuid.UUID(int=highest | (member.id.int >> 1))


def make_link(member: Member, purpose: LinkPurpose, **changes: Any) -> OneTimeLink:
    """Build a link of a world."""
    values: dict[str, Any] = {
        "id": link_id(member, purpose),
        "purpose": purpose,
        "token_hash": uuid.uuid4().hex,
        "member_id": None,
        "email": INVITED,
        "name": "Invited",
        "role": Role.VIEWER,
        "created_by": member.name,
        "created_at": START,
        "expires_at": START + timedelta(days=3),
    }
    return OneTimeLink(**(values | changes))


async def give_links(unit: Unit, member: Member) -> None:
    """Leave an invitation, a link for a new password, and a session of long ago."""
    ended = Session(
        member_id=member.id,
        token_hash=uuid.uuid4().hex,
        created_at=LONG_AGO,
        last_seen_at=LONG_AGO,
        expires_at=START,
        revoked_at=LONG_AGO,
    )
    await unit.organisations.add_session(ended)
    await unit.people.add_link(make_link(member, LinkPurpose.INVITATION))
    await unit.people.add_link(make_link(member, LinkPurpose.RESET, member_id=member.id, email=member.email))
