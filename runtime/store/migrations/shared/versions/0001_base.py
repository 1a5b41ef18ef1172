"""What all workspaces share: the list of workspaces."""

from alembic import context, op

revision = "0001"
down_revision = None

STATEMENTS = """
CREATE TABLE {s}.workspace (
  id          uuid PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  schema_name text NOT NULL UNIQUE,
  label       jsonb NOT NULL,
  language    text NOT NULL DEFAULT 'zh',
  time_zone   text NOT NULL DEFAULT 'Asia/Shanghai',
  region      text NOT NULL DEFAULT 'CN',
  currency    text NOT NULL DEFAULT 'CNY',
  created_at  timestamptz NOT NULL DEFAULT now(),
  archived_at timestamptz
);
CREATE TABLE {s}.installed (
  name  text PRIMARY KEY,
  value text NOT NULL
)
"""


def upgrade() -> None:
    """Make the shared tables."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
