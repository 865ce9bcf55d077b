"""Rows of second factors for tests of the data floor; their ids follow from the member's."""

import uuid

from integration_admin.core.statuses import SignInStepKind
from integration_admin.data.models_access import Member
from integration_admin.data.models_factors import AuthenticatorApp, Passkey, SignInStep
from integration_admin.data.repositories.unit import Unit
from tests.fakes import START

CODE_HASH = "0" * 64


async def give_factors(unit: Unit, member: Member) -> None:
    """Give a member one of everything that is asked for beside a password."""
    app = waiting_app(member, "app")
    await unit.factors.put_waiting_app(app)
    assert await unit.factors.confirm_app(app.id, member.id, 1, START)
    await unit.factors.put_waiting_app(waiting_app(member, "waiting"))
    await unit.factors.replace_codes(member.id, [CODE_HASH])
    await unit.factors.add_passkey(passkey_of(member, "passkey"))
    await unit.factors.add_step(step_of(member, "step"))


def row_id(member: Member, name: str) -> uuid.UUID:
    """Return the id of one of a member's rows."""
    return uuid.uuid5(member.id, name)


def waiting_app(member: Member, name: str = "new") -> AuthenticatorApp:
    return AuthenticatorApp(
        id=row_id(member, name), member_id=member.id, envelope="v1.k1.nonce.sealed", created_at=START
    )


def passkey_of(member: Member, name: str = "new") -> Passkey:
    return Passkey(
        id=row_id(member, name),
        member_id=member.id,
        credential_id=uuid.uuid4().hex,
        public_key="key",
        name="Phone",
        created_at=START,
    )


def step_of(member: Member, name: str = "new") -> SignInStep:
    return SignInStep(
        id=row_id(member, name),
        member_id=member.id,
        token_hash=row_id(member, name).hex,
        kind=SignInStepKind.CODE,
        created_at=START,
        expires_at=START,
    )
