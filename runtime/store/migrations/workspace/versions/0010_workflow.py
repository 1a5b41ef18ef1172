"""Workflows: definitions as they were started, instances, tasks, timers, events, commands done, stand-ins, notices."""

from alembic import context, op

revision = "0010"
down_revision = "0003"

STATEMENTS = """
CREATE TABLE {s}.s_flow (
  hash     text PRIMARY KEY,
  name     text NOT NULL,
  doc      jsonb NOT NULL,
  fields   jsonb NOT NULL,
  known_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE {s}.s_instance (
  id         uuid PRIMARY KEY,
  flow       text NOT NULL REFERENCES {s}.s_flow (hash),
  workflow   text NOT NULL,
  kind       text NOT NULL,
  object_key text NOT NULL,
  record_id  uuid NOT NULL,
  title      text NOT NULL DEFAULT '',
  state      text NOT NULL,
  initiator  uuid,
  parent     uuid REFERENCES {s}.s_instance (id),
  parent_run integer,
  revokes    uuid REFERENCES {s}.s_instance (id),
  seq        integer NOT NULL DEFAULT 0,
  data       jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz
);
CREATE UNIQUE INDEX s_instance_one_open ON {s}.s_instance (record_id)
  WHERE state IN ('running', 'returned') AND kind IN ('normal', 'proposal');
CREATE INDEX s_instance_record ON {s}.s_instance (record_id, created_at);
CREATE INDEX s_instance_initiator ON {s}.s_instance (initiator, id DESC);
CREATE TABLE {s}.s_task (
  id         uuid PRIMARY KEY,
  instance   uuid NOT NULL REFERENCES {s}.s_instance (id),
  number     integer NOT NULL,
  node       text NOT NULL,
  kind       text NOT NULL,
  assignee   uuid,
  principal  uuid,
  state      text NOT NULL,
  opened_at  timestamptz NOT NULL,
  due_at     timestamptz,
  decided_at timestamptz,
  decided_by uuid,
  UNIQUE (instance, number)
);
CREATE INDEX s_task_mine ON {s}.s_task (assignee, id DESC) WHERE state = 'open';
CREATE INDEX s_task_for ON {s}.s_task (principal) WHERE state = 'open' AND principal IS NOT NULL;
CREATE INDEX s_task_done ON {s}.s_task (decided_by, decided_at DESC) WHERE decided_by IS NOT NULL;
CREATE TABLE {s}.s_timer (
  instance uuid NOT NULL REFERENCES {s}.s_instance (id),
  number   integer NOT NULL,
  fire_at  timestamptz NOT NULL,
  state    text NOT NULL,
  PRIMARY KEY (instance, number)
);
CREATE INDEX s_timer_due ON {s}.s_timer (fire_at) WHERE state = 'scheduled';
CREATE TABLE {s}.s_flow_event (
  instance uuid NOT NULL REFERENCES {s}.s_instance (id),
  seq      integer NOT NULL,
  at       timestamptz NOT NULL,
  type     text NOT NULL,
  data     jsonb NOT NULL,
  PRIMARY KEY (instance, seq)
);
CREATE TABLE {s}.s_flow_command (
  actor      uuid NOT NULL,
  key        text NOT NULL,
  request    bytea NOT NULL,
  response   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (actor, key)
);
CREATE TABLE {s}.s_copy (
  instance uuid NOT NULL REFERENCES {s}.s_instance (id),
  user_id  uuid NOT NULL,
  at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, instance)
);
CREATE TABLE {s}.s_delegation (
  id        uuid PRIMARY KEY,
  user_id   uuid NOT NULL REFERENCES {s}.s_user (id),
  to_id     uuid NOT NULL REFERENCES {s}.s_user (id),
  workflows text[] NOT NULL DEFAULT '{{}}',
  from_at   timestamptz NOT NULL,
  until_at  timestamptz NOT NULL
);
CREATE INDEX s_delegation_user ON {s}.s_delegation (user_id, until_at);
CREATE TABLE {s}.s_notice (
  id         uuid PRIMARY KEY,
  user_id    uuid NOT NULL,
  type       text NOT NULL,
  instance   uuid,
  task       uuid,
  text       text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at    timestamptz
);
CREATE INDEX s_notice_user ON {s}.s_notice (user_id, id DESC);
CREATE TABLE {s}.s_calendar (
  name text PRIMARY KEY,
  data jsonb NOT NULL
)
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
