"""The workers that are there; the models whose scenarios have passed."""

from alembic import context, op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
CREATE TABLE {s}.worker (
  id         uuid PRIMARY KEY,
  host       text NOT NULL,
  process    integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE {s}.passed (
  hash text PRIMARY KEY,
  at   timestamptz NOT NULL DEFAULT now()
)
"""


def upgrade() -> None:
    """Make the tables."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
