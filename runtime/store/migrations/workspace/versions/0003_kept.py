"""Computed values that are kept: the columns that can be relied on, and how often that was taken back."""

from alembic import context, op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
ALTER TABLE {s}.s_live ADD COLUMN kept jsonb NOT NULL DEFAULT '{{}}';
ALTER TABLE {s}.s_live ADD COLUMN turn bigint NOT NULL DEFAULT 0
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
