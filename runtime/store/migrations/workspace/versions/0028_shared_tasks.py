"""Stand-ins of two modes: the stand-in has the tasks, or both have them and who is first decides."""

from alembic import context, op

revision = "0028"
down_revision = "0027"

STATEMENTS = """
ALTER TABLE {s}.s_delegation ADD COLUMN mode text NOT NULL DEFAULT 'take_over'
  CONSTRAINT s_delegation_mode CHECK (mode IN ('take_over', 'share'));
ALTER TABLE {s}.s_task ADD COLUMN shared boolean NOT NULL DEFAULT false;
CREATE INDEX s_task_shared ON {s}.s_task (principal, id DESC) WHERE state = 'open' AND shared
"""


def upgrade() -> None:
    """Add the columns; what is open stays with the stand-in."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
