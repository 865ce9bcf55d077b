"""sign-in providers (OpenID Connect), who members are there, and who is on the way to one"""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLES = ("identity_providers", "member_identities", "openid_flows")
# As in 0016_row_security.py.
_OF_ONE = "(SELECT nullif(current_setting('integration_admin.organisation', true), '')::uuid)"
_OF_ALL = "(SELECT current_setting('integration_admin.system', true) = 'on')"


def upgrade() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        _at("stored_at"),
        sa.Column("trusts_mfa", sa.Boolean(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        *_owned("identity_providers"),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_identity_providers_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_identity_providers_organisation_id")),
        sa.UniqueConstraint("handle", name=op.f("uq_identity_providers_handle")),
    )
    op.create_table(
        "member_identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity_provider_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        _at("created_at"),
        _at("last_used_at", nullable=True),
        *_owned("member_identities"),
        _inside("member_identities", "identity_provider_id", "identity_providers"),
        _inside("member_identities", "member_id", "members"),
        sa.UniqueConstraint(
            "organisation_id",
            "issuer",
            "subject",
            name=op.f("uq_member_identities_organisation_id_issuer_subject"),
        ),
        sa.UniqueConstraint(
            "organisation_id", "member_id", name=op.f("uq_member_identities_organisation_id_member_id")
        ),
    )
    op.create_table(
        "openid_flows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity_provider_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("sign_in_step_id", sa.Uuid(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        _at("created_at"),
        _at("expires_at"),
        *_owned("openid_flows"),
        _inside("openid_flows", "identity_provider_id", "identity_providers"),
        _inside("openid_flows", "member_id", "members"),
        _inside("openid_flows", "session_id", "sessions"),
        _inside("openid_flows", "sign_in_step_id", "sign_in_steps"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_openid_flows_token_hash")),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY organisation ON {table} USING (organisation_id = {_OF_ONE} OR {_OF_ALL})")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _at(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _owned(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f(f"fk_{table}_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _inside(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
        ondelete="CASCADE",
    )
