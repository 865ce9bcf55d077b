"""the run queue's tables, on PostgreSQL

They are procrastinate's own, as the release in requirements.lock brings them along, in a schema of their
own. No run depends on a job, so a release with other tables needs one more migration that does the same:
drop the schema and make it anew. tests/data/test_run_queue_schema.py fails until there is one.
"""

from procrastinate.schema import SchemaManager

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE SCHEMA procrastinate")
    before = op.get_bind().exec_driver_sql("SHOW search_path").scalar_one()
    # The library names its tables without a schema.
    op.execute("SET LOCAL search_path TO procrastinate")
    op.get_bind().exec_driver_sql(SchemaManager.get_schema(), execution_options={"no_parameters": True})
    op.execute(f"SET LOCAL search_path TO {before}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA IF EXISTS procrastinate CASCADE")
