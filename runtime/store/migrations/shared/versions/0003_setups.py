"""With which settings processes have started: marks of them, to be compared."""

from alembic import context, op

revision = "0003"
down_revision = "0002"

STATEMENTS = """
CREATE TABLE {s}.setup (
  kind  text NOT NULL,
  host  text NOT NULL,
  marks jsonb NOT NULL,
  at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, host)
)
"""


def upgrade() -> None:
    """Make the table."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
