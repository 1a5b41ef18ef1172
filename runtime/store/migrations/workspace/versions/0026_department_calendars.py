"""The working calendar of a department, and the people whose deadlines are to be counted anew."""

from alembic import context, op

revision = "0026"
down_revision = "0025"

STATEMENTS = """
ALTER TABLE {s}.s_department ADD COLUMN calendar text;
ALTER TABLE {s}.s_recount ADD COLUMN people uuid[]
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
