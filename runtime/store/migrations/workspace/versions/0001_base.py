"""The system tables of one workspace: people, versions of the documents, history, outbox, files."""

from alembic import context, op

revision = "0001"
down_revision = None

STATEMENTS = """
CREATE TABLE {s}.s_live (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL DEFAULT 0,
  stamp   bigint  NOT NULL DEFAULT 1,
  convert jsonb   NOT NULL DEFAULT '{{}}'
) WITH (fillfactor = 50);
INSERT INTO {s}.s_live DEFAULT VALUES;

CREATE TABLE {s}.s_version (
  number     integer PRIMARY KEY,
  hash       text NOT NULL,
  note       text NOT NULL DEFAULT '',
  author     uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  state      text NOT NULL DEFAULT 'preparing',
  keys       jsonb NOT NULL,
  changes    jsonb NOT NULL DEFAULT '[]',
  back_to    integer
);
CREATE TABLE {s}.s_source (
  hash    text PRIMARY KEY,
  content text NOT NULL
);
CREATE TABLE {s}.s_document (
  version integer NOT NULL REFERENCES {s}.s_version (number) ON DELETE CASCADE,
  app     text NOT NULL,
  path    text NOT NULL,
  hash    text NOT NULL REFERENCES {s}.s_source (hash),
  PRIMARY KEY (version, app, path)
);
CREATE TABLE {s}.s_step (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version    integer NOT NULL REFERENCES {s}.s_version (number) ON DELETE CASCADE,
  seq        integer NOT NULL,
  kind       text NOT NULL,
  detail     jsonb NOT NULL,
  state      text NOT NULL DEFAULT 'waiting',
  progress   jsonb NOT NULL DEFAULT '{{}}',
  error      text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (version, seq)
);

CREATE TABLE {s}.s_department (
  id         uuid PRIMARY KEY,
  name       text NOT NULL,
  parent_id  uuid REFERENCES {s}.s_department (id),
  head_id    uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX s_department_name
  ON {s}.s_department (name, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'))
  WHERE deleted_at IS NULL;
CREATE TABLE {s}.s_user (
  id            uuid PRIMARY KEY,
  name          text NOT NULL UNIQUE,
  full_name     text NOT NULL DEFAULT '',
  email         text,
  password_hash text,
  active        boolean NOT NULL DEFAULT true,
  roles         text[] NOT NULL DEFAULT '{{}}',
  department_id uuid REFERENCES {s}.s_department (id),
  manager_id    uuid REFERENCES {s}.s_user (id),
  language      text,
  time_zone     text,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX s_user_department ON {s}.s_user (department_id);
ALTER TABLE {s}.s_department ADD FOREIGN KEY (head_id) REFERENCES {s}.s_user (id);
CREATE TABLE {s}.s_token (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES {s}.s_user (id),
  name       text NOT NULL DEFAULT '',
  hash       bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX s_token_user ON {s}.s_token (user_id);
CREATE TABLE {s}.s_share (
  object_key text NOT NULL,
  record_id  uuid NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('user', 'role', 'department')),
  grantee    text NOT NULL,
  level      text NOT NULL CHECK (level IN ('read', 'write')),
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (object_key, record_id, kind, grantee)
);
CREATE INDEX s_share_grantee ON {s}.s_share (object_key, kind, grantee);

CREATE TABLE {s}.s_history (
  record_id  uuid NOT NULL,
  version    integer NOT NULL,
  object_key text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  actor      uuid,
  channel    text NOT NULL,
  action     text NOT NULL,
  before     jsonb,
  after      jsonb,
  PRIMARY KEY (record_id, version)
);
CREATE TABLE {s}.s_outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partition    text NOT NULL,
  type         text NOT NULL,
  payload      jsonb NOT NULL,
  state        text NOT NULL DEFAULT 'ready',
  attempts     integer NOT NULL DEFAULT 0,
  run_at       timestamptz NOT NULL DEFAULT now(),
  locked_until timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX s_outbox_ready ON {s}.s_outbox (partition, id) WHERE state IN ('ready', 'running');
CREATE TABLE {s}.s_counter (
  object_key text NOT NULL,
  field_key  text NOT NULL,
  period     text NOT NULL,
  value      bigint NOT NULL,
  PRIMARY KEY (object_key, field_key, period)
);
CREATE TABLE {s}.s_idempotency (
  user_id    uuid NOT NULL,
  key        text NOT NULL,
  request    bytea NOT NULL,
  status     integer NOT NULL,
  response   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);
CREATE INDEX s_idempotency_age ON {s}.s_idempotency (created_at);
CREATE TABLE {s}.s_file (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  size        bigint NOT NULL,
  type        text NOT NULL,
  sha256      text NOT NULL,
  uploaded_by uuid,
  created_at  timestamptz NOT NULL DEFAULT now(),
  object_key  text,
  field_key   text,
  record_id   uuid
);
CREATE INDEX s_file_loose ON {s}.s_file (created_at) WHERE record_id IS NULL;
CREATE TABLE {s}.s_audit (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL,
  actor  uuid,
  event  text NOT NULL,
  detail text NOT NULL,
  prev   bytea NOT NULL,
  hash   bytea NOT NULL
);
CREATE TABLE {s}.s_import (
  id         uuid PRIMARY KEY,
  user_id    uuid,
  object     text NOT NULL,
  state      text NOT NULL,
  done       integer NOT NULL DEFAULT 0,
  outcome    jsonb NOT NULL DEFAULT '{{}}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
)
"""


def upgrade() -> None:
    """Make the system tables."""
    schema = context.config.attributes["schema"]
    for statement in STATEMENTS.format(s=f'"{schema}"').split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
