"""Rows of a sign-in provider for tests of the data floor; their ids follow from the member's."""

import uuid
from datetime import timedelta

from integration_admin.core.statuses import FlowPurpose
from integration_admin.data.models_access import Member
from integration_admin.data.models_identity import IdentityProvider, MemberIdentity, OpenIdFlow
from integration_admin.data.repositories.unit import Unit
from tests.data.factor_rows import row_id
from tests.fakes import START

ISSUER, SUBJECT = "https://192.0.2.1", "kari-1"
"""An address that is refused before anybody is called."""


async def give_provider(unit: Unit, member: Member) -> None:
    """Give a member's organisation a provider, connect the member with it, and send them there."""
    await unit.identity.add_provider(provider_of(member))
    await unit.identity.connect(identity_of(member))
    await unit.identity.add_flow(flow_of(member))


def provider_of(member: Member) -> IdentityProvider:
    return IdentityProvider(
        id=row_id(member, "provider"),
        handle=uuid.uuid4().hex,
        name="Entra",
        issuer=ISSUER,
        client_id="client",
        envelope="v1.k1.nonce.sealed",
        stored_at=START,
    )


def identity_of(member: Member, name: str = "identity", subject: str = SUBJECT) -> MemberIdentity:
    return MemberIdentity(
        id=row_id(member, name),
        identity_provider_id=row_id(member, "provider"),
        member_id=member.id,
        issuer=ISSUER,
        subject=subject,
        created_at=START,
    )


def flow_of(member: Member, name: str = "flow") -> OpenIdFlow:
    return OpenIdFlow(
        id=row_id(member, name),
        identity_provider_id=row_id(member, "provider"),
        purpose=FlowPurpose.CONNECT,
        token_hash=uuid.uuid4().hex,
        member_id=member.id,
        target="/records",
        created_at=START,
        expires_at=START + timedelta(minutes=10),
    )
