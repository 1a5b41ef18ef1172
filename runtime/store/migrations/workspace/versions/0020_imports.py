"""Imports in the background: what is asked, who works on it until when."""

from alembic import context, op

revision = "0020"
down_revision = "0012"

STATEMENTS = """
DROP TABLE {s}.s_import;
CREATE TABLE {s}.s_import (
  id           uuid PRIMARY KEY,
  user_id      uuid,
  object       text NOT NULL,
  name         text NOT NULL,
  size         bigint NOT NULL,
  sha256       text NOT NULL,
  options      jsonb NOT NULL,
  language     text NOT NULL,
  state        text NOT NULL,
  done         integer NOT NULL DEFAULT 0,
  total        integer,
  outcome      jsonb NOT NULL DEFAULT '{{}}',
  failed       text,
  attempt      integer NOT NULL DEFAULT 0,
  leased_until timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX s_import_waiting ON {s}.s_import (id) WHERE state IN ('queued', 'running')
"""


def upgrade() -> None:
    """The table was never written before: it is made anew."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
