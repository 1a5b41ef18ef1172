"""Lists of tasks: what somebody has decided in its order, and his unread notices."""

from alembic import context, op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
DROP INDEX {s}.s_task_done;
CREATE INDEX s_task_done ON {s}.s_task (decided_by, decided_at DESC, id DESC) WHERE decided_by IS NOT NULL;
CREATE INDEX s_notice_unread ON {s}.s_notice (user_id) WHERE read_at IS NULL
"""


def upgrade() -> None:
    """Make the indexes."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
