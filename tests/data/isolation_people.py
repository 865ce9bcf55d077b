"""For every method of the people's repository: how one organisation could ask for another's rows, and what it gets."""

import uuid
from datetime import timedelta
from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.statuses import LinkPurpose
from integration_admin.data.models_access import OneTimeLink
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.people import PeopleRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.people_rows import INVITED, LONG_AGO, link_id, make_link
from tests.data.worlds import World
from tests.fakes import START

_IDLE = timedelta(hours=8)
_INVITATION, _RESET = LinkPurpose.INVITATION, LinkPurpose.RESET


def new_link_of(world: World) -> OneTimeLink:
    """Build another link of a world's member."""
    return make_link(world.member, _RESET, id=uuid.uuid4(), member_id=world.member.id)


async def drop_invitation(unit: Unit, ours: World) -> None:
    """Withdraw the invitation to whom the neighbour has invited too, and put ours back."""
    await unit.people.drop_links(_INVITATION, INVITED)
    await unit.people.add_link(make_link(ours.member, _INVITATION))


PEOPLE_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (PeopleRepository, "other_administrators"): [
        # Ours are the same number, whoever else there is.
        (lambda u, a, _: u.people.other_administrators(a.member.id), 0)
    ],
    (PeopleRepository, "remove_member"): [(lambda u, _, b: u.people.remove_member(b.member.id), None)],
    (PeopleRepository, "has_password"): [
        (lambda u, _, b: u.people.has_password(b.member.id, b.member.password_hash), False)
    ],
    (PeopleRepository, "set_password"): [
        (lambda u, _, b: u.people.set_password(b.member.id, "stolen"), False)
    ],
    (PeopleRepository, "add_link"): [
        (
            lambda u, _, b: u.people.add_link(make_link(b.member, _INVITATION, organisation_id=b.id)),
            ValueError,
        ),
        (lambda u, _, b: u.people.add_link(new_link_of(b)), NotFound),
    ],
    (PeopleRepository, "open_invitations"): [(lambda u, _a, _b: u.people.open_invitations(START), OURS_ONLY)],
    (PeopleRepository, "invitation"): [
        (lambda u, _, b: u.people.invitation(link_id(b.member, _INVITATION)), NotFound)
    ],
    (PeopleRepository, "use_link"): [
        (lambda u, _, b: u.people.use_link(link_id(b.member, _INVITATION), START), False)
    ],
    (PeopleRepository, "drop_links"): [
        (lambda u, a, _: drop_invitation(u, a), None),
        (lambda u, _, b: u.people.drop_links(_RESET, b.member.email), None),
    ],
    (PeopleRepository, "drop_links_by"): [(lambda u, _, b: u.people.drop_links_by(b.member), [])],
    (PeopleRepository, "sessions"): [(lambda u, _, b: u.people.sessions(b.member.id, START, _IDLE), [])],
    (PeopleRepository, "end_sessions"): [
        (lambda u, _, b: u.people.end_sessions(b.member.id, START), 0),
        (lambda u, _, b: u.people.end_sessions(b.member.id, START, only=b.session.id), 0),
    ],
    (PeopleRepository, "remove_ended"): [
        # Ours is one; theirs ended at the same time.
        (lambda u, _a, _b: u.people.remove_ended(LONG_AGO + timedelta(days=1), _IDLE), 1)
    ],
    (PeopleRepository, "tokens"): [(lambda u, _a, _b: u.people.tokens(), OURS_ONLY)],
    (PeopleRepository, "revoke_token"): [
        (lambda u, _, b: u.people.revoke_token(b.token.id, START), NotFound)
    ],
}
