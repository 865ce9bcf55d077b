"""second factors: authenticator apps, recovery codes, passkeys, and who must have one"""

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_IN_USE = sa.text("confirmed_at IS NOT NULL")


def upgrade() -> None:
    op.add_column(
        "organisations",
        sa.Column(
            "factor_demand", sa.String(length=16), server_default=sa.text("'optional'"), nullable=False
        ),
    )
    _authenticator_apps()
    op.create_table(
        "recovery_codes",
        sa.Column("id", _number(), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        _at("used_at", nullable=True),
        *_of_a_member("recovery_codes"),
        sa.UniqueConstraint(
            "member_id", "code_hash", name=op.f("uq_recovery_codes_member_id_code_hash")
        ),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        _at("created_at"),
        _at("last_used_at", nullable=True),
        *_of_a_member("passkeys"),
        _anchor("passkeys"),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_table(
        "sign_in_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _at("created_at"),
        _at("expires_at"),
        *_of_a_member("sign_in_steps"),
        _anchor("sign_in_steps"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_steps_token_hash")),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        _at("expires_at"),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_passkey_challenges")),
    )


def downgrade() -> None:
    for table in ("passkey_challenges", "sign_in_steps", "passkeys", "recovery_codes", "authenticator_apps"):
        op.drop_table(table)
    op.drop_column("organisations", "factor_demand")


def _authenticator_apps() -> None:
    op.create_table(
        "authenticator_apps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        _at("created_at"),
        _at("confirmed_at", nullable=True),
        *_of_a_member("authenticator_apps"),
        _anchor("authenticator_apps"),
    )
    op.create_index(
        "uq_authenticator_apps_in_use",
        "authenticator_apps",
        ["member_id"],
        unique=True,
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    )


def _at(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_a_member(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "member_id"],
            ["members.organisation_id", "members.id"],
            name=op.f(f"fk_{table}_organisation_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f(f"fk_{table}_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _anchor(table: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{table}_organisation_id_id"))
