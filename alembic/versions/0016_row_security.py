"""row-level security on every table with rows of organisations, on PostgreSQL

A transaction sees the rows of the organisation it names, all of them where it says that it is the system's, and
otherwise none; so does the tables' owner. The settings are made by integration_admin/data/row_security.py.
A table that is added later needs these lines in the migration that adds it; tests/data/test_row_security.py tells.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OWNED = (
    "api_tokens",
    "audit_events",
    "audit_heads",
    "authenticator_apps",
    "categories",
    "credentials",
    "deliveries",
    "exclusions",
    "failures",
    "field_mappings",
    "integrations",
    "mapping_versions",
    "members",
    "notice_deliveries",
    "notice_settings",
    "notices",
    "one_time_links",
    "open_troubles",
    "passkeys",
    "preflights",
    "reconciliation_lines",
    "reconciliation_pages",
    "reconciliations",
    "records",
    "recovery_codes",
    "reference_items",
    "runs",
    "schedule_slots",
    "schedules",
    "sessions",
    "sign_in_steps",
    "value_maps",
)
_COLUMNS = {"organisations": "id"} | dict.fromkeys(_OWNED, "organisation_id")
# A setting that was ever made in a session is empty afterwards, not missing. In a subquery it is read once a
# statement instead of once a row.
_OF_ONE = "(SELECT nullif(current_setting('integration_admin.organisation', true), '')::uuid)"
_OF_ALL = "(SELECT current_setting('integration_admin.system', true) = 'on')"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in _COLUMNS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY organisation ON {table} USING ({column} = {_OF_ONE} OR {_OF_ALL})")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _COLUMNS:
        op.execute(f"DROP POLICY organisation ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
