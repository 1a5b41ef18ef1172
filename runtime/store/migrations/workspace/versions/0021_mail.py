"""Notices that reach people outside of the product: which of them are new, on what way each goes, who wants none."""

from alembic import context, op

revision = "0021"
down_revision = "0020"

STATEMENTS = """
ALTER TABLE {s}.s_notice ADD COLUMN pending boolean;
ALTER TABLE {s}.s_notice ALTER COLUMN pending SET DEFAULT true;
CREATE INDEX s_notice_pending ON {s}.s_notice (id) WHERE pending;
ALTER TABLE {s}.s_user ADD COLUMN mail boolean NOT NULL DEFAULT true;
CREATE TABLE {s}.s_delivery (
  notice   uuid NOT NULL REFERENCES {s}.s_notice (id) ON DELETE CASCADE,
  channel  text NOT NULL,
  state    text NOT NULL DEFAULT 'ready',
  attempts integer NOT NULL DEFAULT 0,
  run_at   timestamptz NOT NULL DEFAULT now(),
  error    text,
  PRIMARY KEY (notice, channel)
);
CREATE INDEX s_delivery_ready ON {s}.s_delivery (run_at) WHERE state = 'ready'
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
