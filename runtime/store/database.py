"""Connections: one small pool a process, time limits on every statement, errors turned into ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import psycopg
import psycopg.sql
import sqlalchemy
from psycopg import errors as pg
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from runtime.base.errors import DougongError, Message, Unavailable
from runtime.base.sqltext import Sql

Connection = psycopg.Connection[Any]
T = TypeVar("T")

STATEMENT_TIMEOUT = "30s"
LOCK_TIMEOUT = "10s"
POOL_SIZE = 10
POOL_WAIT = 2.0
MAX_LIFETIME = 600
AWAY = Message("The database is not available, please try again in a moment", "数据库暂不可用，请稍后重试")
BUSY = Message("Too busy right now, please try again in a moment", "系统繁忙，请稍后重试")


class Question(NamedTuple):
    """A reading statement and whether to prepare it."""

    statement: Sql
    prepare: bool = True


class BytesLoader(Loader):
    """JSON from the database stays bytes: it is passed on, or decoded by whoever needs it.

    So does ``bpchar``, a type that no column has: what a statement casts to it is text to be passed on.
    """

    def load(self, data: Any) -> bytes:
        return bytes(data)


class Database:
    """The PostgreSQL of one installation. Thread-safe; connections are in autocommit mode."""

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = POOL_SIZE,
        statement_timeout: str = STATEMENT_TIMEOUT,
        on_connect: Callable[[Connection], None] | None = None,
    ) -> None:
        self.dsn = normal_dsn(dsn)
        # What is prepared asks by an id or holds its values in its text: one plan fits all, and the five that
        # PostgreSQL would make before it sees that cost a page of a new connection more than the page itself.
        self._options = (
            f"-c statement_timeout={statement_timeout} -c lock_timeout={LOCK_TIMEOUT} "
            "-c idle_in_transaction_session_timeout=60s -c timezone=UTC -c datestyle=ISO -c jit=off "
            "-c plan_cache_mode=force_generic_plan"
        )
        self._on_connect = on_connect
        self.engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=self.connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_use_lifo=True,  # Few do most of the work, so that few keep room for the largest statement there was.
            pool_timeout=POOL_WAIT,
            pool_recycle=MAX_LIFETIME,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
        )

    @property
    def in_use(self) -> int:
        """How many connections of the pool are taken now."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def connect(self, **changes: Any) -> Connection:
        """A new connection outside the pool, for long work."""
        connection = psycopg.connect(
            self.dsn, autocommit=True, connect_timeout=2, options=self._options, application_name="dougong", **changes
        )
        for name in ("json", "jsonb", "bpchar"):
            connection.adapters.register_loader(name, BytesLoader)
        connection.prepared_max = 400
        if self._on_connect:
            self._on_connect(connection)
        return connection

    def close(self) -> None:
        """Close all idle connections."""
        self.engine.dispose()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool, in autocommit mode. Raises Unavailable."""
        try:
            pooled = self.engine.raw_connection()
        except PoolTimeout:
            raise Unavailable(BUSY, extra={"retry_after": 1}) from None
        except (psycopg.OperationalError, sqlalchemy.exc.OperationalError) as away:
            raise Unavailable(AWAY, extra={"retry_after": 2}) from away
        connection: Connection = pooled.driver_connection  # type: ignore[assignment]
        try:
            yield connection
        except psycopg.OperationalError as error:
            if not isinstance(error, (pg.LockNotAvailable, pg.QueryCanceled, pg.DeadlockDetected)):
                pooled.invalidate()
                self.engine.dispose()  # The others of the pool have died with it.
                raise Unavailable(AWAY, extra={"retry_after": 2}) from error
            raise
        finally:
            if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
                connection.rollback()
            pooled.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection inside a transaction: committed at the end, rolled back by any exception."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def rows(self, statement: Sql, *, prepare: bool = False) -> list[tuple[Any, ...]]:
        """All rows of one statement in its own transaction. A lost idle connection is replaced once."""
        return self.retrying(lambda connection: run(connection, statement, prepare=prepare))

    def note(self, questions: Sequence[Question]) -> None:
        """What will be asked soon. Here it helps nothing: each question is asked when it is."""

    def ask(self, question: Question) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return self.rows(question.statement, prepare=question.prepare)

    def batch(self, questions: Sequence[Question]) -> list[list[tuple[Any, ...]]]:
        """The rows of several questions, in one round trip."""

        def work(connection: Connection) -> list[list[tuple[Any, ...]]]:
            cursors = []
            with connection.pipeline():
                for statement, prepare in questions:
                    cursors.append(connection.execute(statement.text, statement.params, prepare=prepare))
            return [one.fetchall() for one in cursors]

        return self.retrying(work) if questions else []

    def row(self, statement: Sql, *, prepare: bool = False) -> tuple[Any, ...] | None:
        """The first row of one statement, or None."""
        found = self.rows(statement, prepare=prepare)
        return found[0] if found else None

    def retrying(self, work: Callable[[Connection], T]) -> T:
        """``work`` with a connection; again on a new one when the pool's connection had died while idle."""
        for attempt in (1, 2):
            died_idle = False
            try:
                with self.connection() as connection:
                    try:
                        return work(connection)
                    except (pg.AdminShutdown, pg.CrashShutdown, pg.IdleInTransactionSessionTimeout):
                        died_idle = True
                        raise
                    except psycopg.OperationalError as error:
                        died_idle = error.sqlstate is None and connection.closed
                        raise
            except Unavailable:
                if not died_idle or attempt == 2:
                    raise
        raise AssertionError("unreachable")


def run(connection: Connection, statement: Sql, *, prepare: bool = False) -> list[tuple[Any, ...]]:
    """All rows of ``statement`` on ``connection``, [] when it gives none."""
    cursor = connection.execute(statement.text, statement.params, prepare=prepare)
    result = cursor.pgresult  # Not `description`, which describes every column to say whether there is one.
    return cursor.fetchall() if result is not None and result.nfields else []


def inline(statement: Sql, stays: type | None = None) -> Sql:
    """The statement with its values written into it by the driver, for one that is prepared and repeated.

    Values of the type ``stays`` remain parameters.
    """
    pieces = statement.text.replace("%%", "\0").split("%s")
    text = pieces[0]
    left = []
    for value, piece in zip(statement.params, pieces[1:], strict=True):
        if stays is not None and isinstance(value, stays):
            left.append(value)
            text += "%s" + piece
        else:
            text += psycopg.sql.Literal(value).as_string(None).replace("%", "\0") + piece
    return Sql(text.replace("\0", "%%"), tuple(left))


def run_many(connection: Connection, text: str, rows: Sequence[Sequence[Any] | Mapping[str, Any]]) -> None:
    """One statement for many rows, pipelined."""
    with connection.cursor() as cursor:
        cursor.executemany(text, rows)


def normal_dsn(dsn: str) -> str:
    """A libpq connection string from one, or from a URL as SQLAlchemy writes it. Raises DougongError."""
    plain = re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", dsn)
    try:
        conninfo_to_dict(plain)
    except psycopg.ProgrammingError as error:
        raise DougongError(
            Message(f"the database address cannot be read: {error}", f"无法识别的数据库地址：{error}")
        ) from None
    return plain
