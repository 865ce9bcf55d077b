"""What people prove themselves with besides the password, and how far somebody is who is signing in.

Queries live in repositories/factors.py; who must have a second factor is a column of the organisation.
"""

import uuid

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import SignInStepKind
from integration_admin.data.columns import (
    Base,
    Instant,
    NumberKey,
    OptionalInstant,
    Owned,
    UuidKey,
    Word,
    anchor,
    inside,
    owner,
)

_IN_USE = text("confirmed_at IS NOT NULL")


class AuthenticatorApp(Owned, Base):
    """The sealed key of a member's authenticator app (RFC 6238); `last_step` is the newest 30 seconds a code was taken of.

    Until a first code has confirmed it, nothing asks for it. A member has at most one that is confirmed.
    """

    __tablename__ = "authenticator_apps"
    __table_args__ = (
        owner(),
        anchor(),
        inside("member_id", "members"),
        Index(
            "uq_authenticator_apps_in_use",
            "member_id",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
    )

    id: Mapped[UuidKey]
    member_id: Mapped[uuid.UUID]
    envelope: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[Instant]
    confirmed_at: Mapped[OptionalInstant]


class RecoveryCode(Owned, Base):
    """One of the codes that stand in for a lost device; 120 random bits, so its SHA-256 is enough to keep."""

    __tablename__ = "recovery_codes"
    __table_args__ = (owner(), inside("member_id", "members"), UniqueConstraint("member_id", "code_hash"))

    id: Mapped[NumberKey]
    member_id: Mapped[uuid.UUID]
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[OptionalInstant]


class Passkey(Owned, Base):
    """A member's passkey: its public key, and how often it has signed as it says; binary parts are base64url."""

    __tablename__ = "passkeys"
    __table_args__ = (owner(), anchor(), inside("member_id", "members"))

    id: Mapped[UuidKey]
    member_id: Mapped[uuid.UUID]
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[Instant]
    last_used_at: Mapped[OptionalInstant]


class SignInStep(Owned, Base):
    """Somebody who has given the password and not what must follow; only the SHA-256 of the cookie is stored."""

    __tablename__ = "sign_in_steps"
    __table_args__ = (owner(), anchor(), inside("member_id", "members"))

    id: Mapped[UuidKey]
    member_id: Mapped[uuid.UUID]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[SignInStepKind] = mapped_column(Word(SignInStepKind))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class PasskeyChallenge(Base):
    """A question a passkey may answer once; `purpose` says for what, and for whom where that is known."""

    __tablename__ = "passkey_challenges"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[Instant]
