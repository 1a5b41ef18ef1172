"""Brings the system tables of the installation and of each workspace up to date, through Alembic."""

from __future__ import annotations

import hashlib

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from runtime.base.errors import DougongError, Message, Problem
from runtime.base.sqltext import Sql, ident
from runtime.formula import prelude
from runtime.store.database import Database, run
from runtime.store.revisions import MIGRATIONS, SHARED, head


class MigrationError(DougongError):
    """A step failed; nothing of it took effect and no later step was tried."""

    title = Message("The database layout could not be brought up to date", "数据库结构升级失败")


def migrate_shared(database: Database) -> None:
    """The shared schema and the ``fx`` functions of formulas; one process at a time."""
    with database.connection() as connection:
        run(connection, Sql("SELECT pg_advisory_lock(%s)", (7_364_001,)))
        try:
            run(connection, Sql(f"CREATE SCHEMA IF NOT EXISTS {ident(SHARED)}"))
            upgrade(database, "shared", SHARED)
            install_functions(database)
        finally:
            run(connection, Sql("SELECT pg_advisory_unlock(%s)", (7_364_001,)))


def migrate_workspace(database: Database, schema: str) -> None:
    """The system tables of one workspace; makes its schema when there is none."""
    with database.connection() as connection:
        run(connection, Sql("SELECT pg_advisory_lock(%s, hashtext(%s))", (7_364_002, schema)))
        try:
            run(connection, Sql(f"CREATE SCHEMA IF NOT EXISTS {ident(schema)}"))
            upgrade(database, "workspace", schema)
        finally:
            run(connection, Sql("SELECT pg_advisory_unlock(%s, hashtext(%s))", (7_364_002, schema)))


def upgrade(database: Database, which: str, schema: str) -> None:
    """Run the missing steps of one schema in one transaction. Raises MigrationError."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / which))
    with database.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        there = connection.execute(text("SELECT to_regclass(:name)"), {"name": f'"{schema}".s_migration'}).scalar()
        if there is not None:
            current = connection.execute(text(f'SELECT version_num FROM "{schema}".s_migration')).scalar()
            if current == head(which):
                return
        connection.rollback()
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        try:
            command.upgrade(config, "head")
            connection.commit()
        except Exception as error:
            connection.rollback()
            raise MigrationError(
                problems=[Problem("migration", Message(f"schema {schema}: {error}", f"模式 {schema}：{error}"))]
            ) from error


def install_functions(database: Database) -> None:
    """Install the ``fx`` functions when they are missing or of another version."""
    functions = prelude.sql()
    stamp = hashlib.sha256(functions.encode()).hexdigest()
    shared = ident(SHARED)
    found = database.row(Sql(f"SELECT value FROM {shared}.installed WHERE name = 'fx'"))
    if found and found[0] == stamp:
        return
    with database.transaction() as connection:
        connection.execute(functions.encode())
        run(
            connection,
            Sql(
                f"INSERT INTO {shared}.installed (name, value) VALUES ('fx', %s) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (stamp,),
            ),
        )
