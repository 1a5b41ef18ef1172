"""What has happened is only added to: the database refuses to change or delete events, audit entries and histories."""

from alembic import context, op

revision = "0027"
down_revision = "0026"

TABLES = ("s_flow_event", "s_audit", "s_history")

FUNCTION = """
CREATE FUNCTION {s}.s_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  RAISE EXCEPTION '% is only added to: its rows are never changed or deleted', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', HINT = 'docs/decisions/0018-history-that-the-database-keeps.md';
END
$f$
"""

#: Rows for what changes or deletes some of them, however it is reached; a statement for what empties the table.
TRIGGERS = """
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON {s}.{table}
  FOR EACH ROW EXECUTE FUNCTION {s}.s_only_added_to();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {s}.{table}
  FOR EACH STATEMENT EXECUTE FUNCTION {s}.s_only_added_to()
"""


def upgrade() -> None:
    """Put the guards up; rows are not looked at."""
    schema = f'"{context.config.attributes["schema"]}"'
    op.execute(FUNCTION.format(s=schema))
    for table in TABLES:
        for statement in TRIGGERS.format(s=schema, table=table).split(";"):
            op.execute(statement)


def downgrade() -> None:
    """Going back is restoring a backup: a migration never deletes what people wrote."""
    raise NotImplementedError
