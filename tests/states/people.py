"""Alice administers, Bob of the same organisation looks; both may have sessions."""

import os
from datetime import timedelta

from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member, Session
from integration_admin.services.tokens import fingerprint
from tests.builders import make_member
from tests.fakes import FakeClock


class People:
    """Two members, stored by the fixture `people`."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.alice, self.bob = make_member("Alice", language="nn"), make_member("Bob")

    async def session(self, member: Member) -> Secret:
        """Sign a member in, without a password."""
        now, token = self.clock.now(), Secret(os.urandom(16).hex())
        session = Session(
            member_id=member.id,
            token_hash=fingerprint(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=7),
        )
        async with self.database.write(member.organisation_id) as unit:
            await unit.organisations.add_session(session)
        return token

    async def demote(self, member: Member) -> None:
        """Let a member only look from now on."""
        async with self.database.write(member.organisation_id) as unit:
            (await unit.organisations.member(member.id)).role = Role.VIEWER
