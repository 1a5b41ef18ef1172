"""Proposals of deletions and of changed lines: what kind of change waits, and what becomes of each line."""

from alembic import context, op

revision = "0024"
down_revision = "0023"

STATEMENTS = """
ALTER TABLE {s}.s_proposal ADD COLUMN kind text NOT NULL DEFAULT 'update';
ALTER TABLE {s}.s_proposal ADD COLUMN lines jsonb NOT NULL DEFAULT '[]'
"""


def upgrade() -> None:
    """Add the columns."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
