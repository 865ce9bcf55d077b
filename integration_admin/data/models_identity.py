"""Where an organisation's people sign in elsewhere: its OpenID Connect issuer, who is who there, and who is on the way.

Queries live in repositories/identity.py.
"""

import uuid

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import FlowPurpose
from integration_admin.data.columns import (
    Base,
    Instant,
    OptionalInstant,
    Owned,
    UuidKey,
    Word,
    anchor,
    inside,
    owner,
)


class IdentityProvider(Owned, Base):
    """The issuer an organisation's people sign in with; an organisation has at most one. `envelope` is the client secret.

    `handle` is the unguessable end of the address that leads to it. `required` says that nobody gets in without
    it, `trusts_mfa` that its word for several factors (`amr`) counts as a second one.
    """

    __tablename__ = "identity_providers"
    __table_args__ = (owner(), anchor(), UniqueConstraint("organisation_id"))

    id: Mapped[UuidKey]
    handle: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    envelope: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[Instant]
    trusts_mfa: Mapped[bool] = mapped_column(default=False)
    required: Mapped[bool] = mapped_column(default=False)


class MemberIdentity(Owned, Base):
    """Who a member is at the provider: the pair of issuer and subject, which no other person there ever has."""

    __tablename__ = "member_identities"
    __table_args__ = (
        owner(),
        inside("member_id", "members"),
        inside("identity_provider_id", "identity_providers"),
        UniqueConstraint("organisation_id", "issuer", "subject"),
        UniqueConstraint("organisation_id", "member_id"),
    )

    id: Mapped[UuidKey]
    identity_provider_id: Mapped[uuid.UUID]
    member_id: Mapped[uuid.UUID]
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[Instant]
    last_used_at: Mapped[OptionalInstant]


class OpenIdFlow(Owned, Base):
    """Somebody who was sent to the provider and is not back yet; only the SHA-256 of the browser's cookie is stored.

    `member_id` is whose sign-in is changed, finished or confirmed; unset where that only shows at the end.
    """

    __tablename__ = "openid_flows"
    __table_args__ = (
        owner(),
        inside("identity_provider_id", "identity_providers"),
        inside("member_id", "members"),
        inside("session_id", "sessions"),
        inside("sign_in_step_id", "sign_in_steps"),
    )

    id: Mapped[UuidKey]
    identity_provider_id: Mapped[uuid.UUID]
    purpose: Mapped[FlowPurpose] = mapped_column(Word(FlowPurpose))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[uuid.UUID | None]
    session_id: Mapped[uuid.UUID | None]
    sign_in_step_id: Mapped[uuid.UUID | None]
    target: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
