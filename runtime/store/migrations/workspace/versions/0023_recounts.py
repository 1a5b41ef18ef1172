"""Changed calendars whose deadlines are still to be counted anew; a row goes when the last of them has been."""

from alembic import context, op

revision = "0023"
down_revision = "0022"

STATEMENTS = """
CREATE TABLE {s}.s_recount (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  calendar text,
  asked_at timestamptz NOT NULL DEFAULT now(),
  xid      xid8 NOT NULL DEFAULT pg_current_xact_id(),
  reached  uuid
)
"""


def upgrade() -> None:
    """Make the table."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
