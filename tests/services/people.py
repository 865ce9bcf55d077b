"""An organisation's people put together by hand: what lets them in, on one database, with a mailbox in memory."""

import os
from dataclasses import dataclass, field

from sqlalchemy import select

from integration_admin.adapters.mail import Mail
from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotDelivered
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member, OneTimeLink, Session
from integration_admin.data.secrets import SecretStore
from integration_admin.data.vault import Vault
from integration_admin.services.members import Members
from integration_admin.services.one_time_links import LinkPost, OneTimeLinks
from integration_admin.services.own_password import OwnPassword
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.second_factors import SecondFactors
from integration_admin.services.sessions import Sessions
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import IDLE, Principal, SignedIn
from integration_admin.services.tokens import fingerprint
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.services.light_passwords import LightPasswords

PASSWORD = Secret("kanin trapp gitter")
HERE = "192.0.2.1"
SITE = "https://ia.example.org"


@dataclass
class Mailbox:
    """Takes e-mails, or refuses all of them."""

    mails: list[Mail] = field(default_factory=list)
    refuses: bool = False

    async def send(self, mail: Mail) -> None:
        """Keep an e-mail."""
        if self.refuses:
            raise NotDelivered(msg("The mail server cannot be reached."), internal="refuses")
        self.mails.append(mail)

    def carried(self, number: int = -1) -> Secret:
        """Return what the link in an e-mail carries."""
        return Secret(self.mails[number].text.partition(f"{SITE}/link#")[2].split()[0])


def _no_vault() -> Vault:
    detail = "nobody here has a second factor"
    raise AssertionError(detail)


class Office:
    """One organisation with Alice, who administers, and Bob, who looks."""

    def __init__(self, database: Database, clock: FakeClock, *, mail_is_set_up: bool = True) -> None:
        self.database, self.clock = database, clock
        self.passwords, self.limits, self.mailbox = LightPasswords(), SignInLimits(), Mailbox()
        self.alice, self.bob = make_member("Alice"), make_member("Bob")
        post = LinkPost(self.mailbox, clock, os.urandom, SITE, mail_is_set_up=mail_is_set_up)
        self.members = Members(database, post, clock)
        self.links = OneTimeLinks(database, self.passwords, post, self.limits, clock)
        self.sessions = Sessions(database, clock)
        factors = SecondFactors(database, SecretStore(_no_vault), clock, os.urandom)
        again = Reauthentication(database, self.passwords, clock, factors, self.limits)
        self.own_password = OwnPassword(database, self.passwords, again, clock)
        self.sign_in = SignIn(database, self.passwords, clock, os.urandom, self.limits)

    async def open(self) -> "Office":
        """Store the organisation."""
        await save_organisation(self.database, self.alice, self.bob, name="Prøveforbundet")
        return self

    async def close(self) -> None:
        """Wait until everything is written down and sent."""
        await self.sign_in.close()
        await self.links.close()

    def actor(self, role: Role = Role.ADMINISTRATOR) -> Actor:
        """Return Alice, with any role."""
        return Actor(self.alice.organisation_id, "Alice", role, self.alice.id)

    async def begin(self, member: Member, user_agent: str = "") -> Secret:
        """Sign a member in without a password; return the cookie's token."""
        now, token = self.clock.now(), Secret(os.urandom(16).hex())
        session = Session(
            member_id=member.id,
            token_hash=fingerprint(token),
            user_agent=user_agent,
            created_at=now,
            last_seen_at=now,
            expires_at=now.replace(year=now.year + 1),
        )
        async with self.database.write(member.organisation_id) as unit:
            await unit.organisations.add_session(session)
        return token

    async def who(self, token: Secret) -> Principal:
        """Return whom a session belongs to."""
        principal = await self.sign_in.resolve(token)
        assert principal is not None
        return principal

    async def enter(self, email: str, password: Secret = PASSWORD) -> SignedIn:
        """Sign in with a password, from somewhere."""
        opened = await self.sign_in.sign_in(email, password, HERE)
        assert isinstance(opened, SignedIn)
        return opened

    async def told(self) -> list[tuple[str, str, str]]:
        """Return the audit log: who did what to whom, oldest first."""
        async with self.database.read(self.alice.organisation_id) as unit:
            return [(line.actor, line.action, line.target) for line in reversed(await unit.audit.latest())]

    async def open_sessions(self, member: Member) -> int:
        """Count where a member is signed in."""
        async with self.database.read(member.organisation_id) as unit:
            return len(await unit.people.sessions(member.id, self.clock.now(), IDLE))

    async def stored_links(self) -> list[OneTimeLink]:
        """Return every link there is."""
        async with self.database.engine.connect() as connection:
            return list(await connection.execute(select(OneTimeLink.__table__)))
