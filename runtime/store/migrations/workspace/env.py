"""Alembic's way in: it is given an open connection and the schema by runtime.store.migrate."""

from alembic import context

config = context.config
connection = config.attributes["connection"]
schema = config.attributes["schema"]
context.configure(connection=connection, version_table="s_migration", version_table_schema=schema)
with context.begin_transaction():
    context.run_migrations()
