"""Why an event could not be dealt with; finding what those have to do who have left."""

from alembic import context, op

revision = "0012"
down_revision = "0011"

STATEMENTS = """
ALTER TABLE {s}.s_outbox ADD COLUMN error text;
CREATE INDEX s_task_waiting ON {s}.s_task (assignee) WHERE state = 'waiting'
"""


def upgrade() -> None:
    """Make them."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
