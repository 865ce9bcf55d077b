"""Everything about signing in, put together on one database, for tests of second factors and passkeys."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyotp

from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role, SignInStepKind
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.models_access import Member
from integration_admin.data.secrets import SecretStore
from integration_admin.data.vault import Vault
from integration_admin.services.factor_demands import FactorDemands
from integration_admin.services.passwords import Passwords
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.second_factors import SecondFactors
from integration_admin.services.second_step import SecondStep
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import Halfway, Visit
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock

PASSWORD, WRONG = Secret("correct horse battery"), Secret("wrong horse battery")
EMAIL = "alice@example.org"
HERE = Visit("192.0.2.1")
STEP = timedelta(seconds=30)


@dataclass
class Entrance:
    """Everything about signing in, put together on one database, with Alice who may."""

    database: Database
    clock: FakeClock
    alice: Actor
    sign_in: SignIn
    factors: SecondFactors
    step: SecondStep
    demands: FactorDemands
    again: Reauthentication

    async def with_app(self) -> tuple[pyotp.TOTP, list[Secret]]:
        """Set up an app for Alice; return it and her recovery codes, a step later."""
        enrolment = await self.factors.begin(self.alice, EMAIL)
        app = pyotp.TOTP(enrolment.key.reveal())
        codes = await self.factors.confirm(self.alice, self.shown(app))
        self.clock.advance(STEP)
        return app, codes

    def shown(self, app: pyotp.TOTP) -> str:
        return app.at(self.clock.now())

    async def halfway(self, kind: SignInStepKind = SignInStepKind.CODE) -> Secret:
        found = await self.sign_in.sign_in(EMAIL, PASSWORD, HERE.address)
        assert isinstance(found, Halfway)
        assert found.kind is kind
        return found.token

    async def audited(self) -> list[str]:
        async with self.database.read(self.alice.organisation_id) as unit:
            return [event.action for event in reversed(await unit.audit.latest())]


class QuickPasswords(Passwords):
    """Compares instead of hashing, which takes a third of a second and is tested elsewhere."""

    async def verify(self, password: Secret, stored: str | None) -> tuple[bool, str | None]:
        return password.reveal() == stored, None


def factors_without_keys(database: Database, clock: FakeClock) -> SecondFactors:
    """Return second factors for tests in which nobody has an authenticator app."""
    return SecondFactors(database, SecretStore(_no_keys), clock, os.urandom)


def _no_keys() -> Vault:
    raise AssertionError


async def put_together(database: Database, clock: FakeClock, tmp_path: Path) -> Entrance:
    create_key(tmp_path / "keys", "test")
    vault = Vault(Keyring.load(tmp_path / "keys"), "test")
    member = make_member("Alice", email=EMAIL, password_hash=PASSWORD.reveal())
    await save_organisation(database, member)
    alice = Actor(member.organisation_id, "Alice", Role.ADMINISTRATOR, member.id)
    limits, passwords = SignInLimits(), QuickPasswords()
    sign_in = SignIn(database, passwords, clock, os.urandom, limits)
    factors = SecondFactors(database, SecretStore(lambda: vault), clock, os.urandom, limits)
    step = SecondStep(database, sign_in, factors, clock, limits)
    again = Reauthentication(database, passwords, clock, factors, limits)
    return Entrance(database, clock, alice, sign_in, factors, step, FactorDemands(database, clock), again)


async def colleague(entrance: Entrance, email: str, role: Role) -> Member:
    """Add a member who signs in with the same password as Alice."""
    async with entrance.database.write(entrance.alice.organisation_id) as unit:
        name = email.partition("@")[0].title()
        member = make_member(name, email=email, role=role, password_hash=PASSWORD.reveal())
        await unit.organisations.add_member(member)
    return member
