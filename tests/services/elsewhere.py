"""The whole product on one database, with an issuer on loopback, for tests of signing in with a provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import FlowPurpose
from integration_admin.data.models_access import Member
from integration_admin.services.container import Factors
from integration_admin.services.openid_flows import Departure
from integration_admin.services.openid_sign_in import Arrival
from integration_admin.services.provider_form import ProviderForm
from integration_admin.services.signed_in import Halfway, Principal, SignedIn, Visit
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.openid_issuer import CLIENT, SECRET, FakeIssuer, running_issuer
from tests.services.fake_adapter import FakeAdapter

HERE = Visit("192.0.2.1")
ALICE, BOB = "alice@example.org", "bob@example.org"


@dataclass
class Elsewhere:
    """An organisation with Alice, who administers, and Bob, who looks; its provider is `issuer`."""

    application: Application
    issuer: FakeIssuer
    clock: FakeClock
    alice: Member
    bob: Member

    @property
    def factors(self) -> Factors:
        return self.application.services.factors

    def actor(self, member: Member | None = None) -> Actor:
        who = member or self.alice
        return Actor(who.organisation_id, who.name, who.role, who.id)

    def form(self, **changes: Any) -> ProviderForm:
        usual = {
            "name": "Entra",
            "issuer": self.issuer.url,
            "client_id": CLIENT,
            "secret": Secret(SECRET),
            "trusts_mfa": False,
        }
        return ProviderForm(**(usual | changes))

    async def set_up(self, **changes: Any) -> str:
        """Set up the provider; return the end of its sign-in address."""
        await self.factors.provider.save(self.actor(), self.form(**changes))
        return await self.handle()

    async def handle(self) -> str:
        found = await self.factors.provider.get(self.actor())
        assert found is not None
        return dict(parse_qsl(urlsplit(found.sign_in_address).query))["with"]

    async def depart(self) -> Departure:
        return await self.factors.openid.begin(await self.handle(), "/records", HERE)

    async def arrive(self, departure: Departure, **changes: str | None) -> Arrival:
        """Come back from the provider, with changes to what the browser brings back."""
        brought = self.issuer.sign_in(departure.address) | changes
        answer = {name: value for name, value in brought.items() if value is not None}
        return await self.factors.openid.arrive(departure.token, answer, HERE)

    async def come(self, **changes: str | None) -> Arrival:
        """Go to the provider and come back."""
        return await self.arrive(await self.depart(), **changes)

    async def session(self, member: Member) -> Principal:
        """Sign a member in without going to the provider."""
        return await self.who(await self.enter(member))

    async def enter(self, member: Member) -> SignedIn | Halfway:
        """Let a member in who has proved everything just now."""
        return await self.application.services.sign_in.come_from_provider(
            member, HERE, "Entra", several_factors=True, proved_at=self.clock.now()
        )

    async def who(self, found: object) -> Principal:
        """Return whom a session is of."""
        assert isinstance(found, SignedIn)
        principal = await self.application.services.sign_in.resolve(found.token)
        assert principal is not None
        return principal

    async def go_out(self, principal: Principal, purpose: FlowPurpose) -> Departure:
        return await self.factors.openid.begin_own(principal, purpose, "/records", HERE)

    async def go_on_after_password(self, member: Member) -> Departure:
        """Send somebody to the provider who has given what it follows where it is demanded."""
        half = await self.application.services.sign_in.come_with_passkey(member, HERE, None)
        assert isinstance(half, Halfway)
        return await self.factors.openid.begin_to_finish(half.token, "/records", HERE)

    async def join(self, email: str) -> Member:
        """Let one more person become a member."""
        member = make_member(email.partition("@")[0].title(), email=email)
        async with self.application.database.write(self.alice.organisation_id) as unit:
            await unit.organisations.add_member(member)
        return member

    async def connect(self, member: Member, subject: str = "kari-1") -> None:
        """Let a member connect their account with the provider themselves."""
        self.issuer.person["sub"] = subject
        departure = await self.go_out(await self.session(member), FlowPurpose.CONNECT)
        assert (await self.arrive(departure)).result is None

    async def told(self) -> list[tuple[str, str, str]]:
        """Return who did what, and for what reason, oldest first."""
        async with self.application.database.read(self.alice.organisation_id) as unit:
            lines = reversed(await unit.audit.latest())
        return [(line.actor, line.action, line.detail.get("reason", "")) for line in lines]


@asynccontextmanager
async def somewhere_else(url: str, folder: Path, clock: FakeClock) -> AsyncIterator[Elsewhere]:
    """Put everything together; loopback is on the operator's list."""
    settings = Settings(instance_dir=folder, database_url=url, outbound_allow=("127.0.0.1",))
    application = assemble(settings, clock=clock, adapters={"xledger": FakeAdapter()})
    await application.keys.init_key("test")
    await application.keys.run()
    alice, bob = make_member("Alice", email=ALICE), make_member("Bob", email=BOB)
    await save_organisation(application.database, alice, bob)
    async with running_issuer(clock) as issuer:
        yield Elsewhere(application, issuer, clock, alice, bob)
    await application.close()
