"""Proposals: changes of records that are held back until a workflow has approved them. They are never deleted."""

from alembic import context, op

revision = "0022"
down_revision = "0021"

STATEMENTS = """
CREATE TABLE {s}.s_proposal (
  instance     uuid PRIMARY KEY,
  object_key   text NOT NULL,
  record_id    uuid NOT NULL,
  base_version integer NOT NULL,
  patch        jsonb NOT NULL,
  base         jsonb NOT NULL,
  state        text NOT NULL,
  why          text,
  created_by   uuid,
  created_at   timestamptz NOT NULL DEFAULT now(),
  closed_at    timestamptz
);
CREATE INDEX s_proposal_record ON {s}.s_proposal (record_id, created_at DESC)
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
