"""Who takes over the work of somebody who leaves."""

from alembic import context, op

revision = "0025"
down_revision = "0024"

STATEMENTS = """
ALTER TABLE {s}.s_user ADD COLUMN handover_id uuid REFERENCES {s}.s_user (id)
"""


def upgrade() -> None:
    """Add the column."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
