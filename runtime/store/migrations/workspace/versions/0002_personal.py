"""What people keep for themselves: saved views, pins, what they looked at, a second factor; pictures of a workspace.

A token says what it is for: a session of a browser carries the browser's name.
"""

from alembic import context, op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
CREATE TABLE {s}.s_saved_view (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES {s}.s_user (id) ON DELETE CASCADE,
  object_key text NOT NULL,
  name       text NOT NULL,
  asked      jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, object_key, name)
);
CREATE TABLE {s}.s_seen (
  user_id    uuid NOT NULL REFERENCES {s}.s_user (id) ON DELETE CASCADE,
  record_id  uuid NOT NULL,
  object_key text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, record_id)
);
CREATE INDEX s_seen_newest ON {s}.s_seen (user_id, at DESC);
CREATE TABLE {s}.s_pin (
  user_id    uuid NOT NULL REFERENCES {s}.s_user (id) ON DELETE CASCADE,
  record_id  uuid NOT NULL,
  object_key text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, record_id)
);
CREATE TABLE {s}.s_second_factor (
  user_id      uuid PRIMARY KEY REFERENCES {s}.s_user (id) ON DELETE CASCADE,
  secret       text NOT NULL,
  confirmed_at timestamptz,
  last_step    bigint NOT NULL DEFAULT 0,
  recovery     text[] NOT NULL DEFAULT '{{}}'
);
CREATE TABLE {s}.s_picture (
  name       text PRIMARY KEY,
  type       text NOT NULL,
  content    bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE {s}.s_token ADD COLUMN purpose text NOT NULL DEFAULT 'script';
ALTER TABLE {s}.s_token ADD COLUMN agent text NOT NULL DEFAULT '';
UPDATE {s}.s_token SET purpose = 'session' WHERE name = 'login'
"""


def upgrade() -> None:
    """Make the tables."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
