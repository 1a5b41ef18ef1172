"""Instances are never deleted, so what they amount to need not ask for each row whether its instance is there."""

from alembic import context, op

revision = "0029"
down_revision = "0028"

FUNCTION = """
CREATE FUNCTION {s}.s_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  RAISE EXCEPTION 'rows of % are never deleted: no foreign key keeps their events, tasks and timers', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', HINT = 'docs/decisions/0019-instances-stay.md';
END
$f$
"""

STATEMENTS = """
CREATE TRIGGER never_deleted BEFORE DELETE ON {s}.s_instance
  FOR EACH ROW EXECUTE FUNCTION {s}.s_never_deleted();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {s}.s_instance
  FOR EACH STATEMENT EXECUTE FUNCTION {s}.s_never_deleted();
ALTER TABLE {s}.s_flow_event DROP CONSTRAINT s_flow_event_instance_fkey;
ALTER TABLE {s}.s_task DROP CONSTRAINT s_task_instance_fkey;
ALTER TABLE {s}.s_timer DROP CONSTRAINT s_timer_instance_fkey
"""


def upgrade() -> None:
    """Put the guard up, then take the constraints away; rows are not looked at."""
    schema = f'"{context.config.attributes["schema"]}"'
    op.execute(FUNCTION.format(s=schema))
    for statement in STATEMENTS.format(s=schema).split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
