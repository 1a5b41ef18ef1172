"""What there is to do by itself in a workspace, and when: one statement for all of it. It decides nothing."""

from __future__ import annotations

from runtime.base.sqltext import Sql, ident
from runtime.store.database import Database

TIMERS, EVENTS, LEAVERS, RECOUNTS, IMPORTS, MAIL = "timers", "events", "leavers", "recounts", "imports", "mail"


def look(database: Database, schema: str) -> dict[str, float]:
    """Seconds until each kind of work is due, 0 or less for now; without those that there is nothing of."""
    table = {one: ident(schema, one) for one in (
        "s_timer", "s_outbox", "s_user", "s_task", "s_recount", "s_import", "s_notice", "s_delivery")}  # fmt: skip
    pending = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table['s_task']} t WHERE t.assignee = u.id AND t.state = '{state}')"
        for state in ("open", "waiting")
    )
    until = "extract(epoch FROM {} - now())::float8"
    row = database.row(Sql(
        f"SELECT (SELECT {until.format('min(fire_at)')} FROM {table['s_timer']} WHERE state = 'scheduled'), "
        f"CASE WHEN EXISTS (SELECT 1 FROM {table['s_outbox']} WHERE state = 'ready' AND run_at <= now()) THEN 0.0 "
        f"ELSE (SELECT {until.format('''min(CASE state WHEN 'ready' THEN run_at ELSE locked_until END)''')} "
        f"FROM {table['s_outbox']} WHERE state IN ('ready', 'running')) END, "
        f"CASE WHEN EXISTS (SELECT 1 FROM {table['s_user']} u WHERE NOT u.active AND ({pending})) "
        f"OR EXISTS (SELECT 1 FROM {table['s_task']} WHERE assignee IS NULL AND state = 'open') THEN 0.0 END, "
        f"CASE WHEN EXISTS (SELECT 1 FROM {table['s_recount']}) THEN 0.0 END, "
        f"(SELECT {until.format('min(coalesce(leased_until, now()))')} FROM {table['s_import']} "
        "WHERE state IN ('queued', 'running')), "
        f"CASE WHEN EXISTS (SELECT 1 FROM {table['s_notice']} WHERE pending) THEN 0.0 "
        f"ELSE (SELECT {until.format('min(run_at)')} FROM {table['s_delivery']} WHERE state = 'ready') END"),
        prepare=True)  # fmt: skip
    assert row is not None
    kinds = (TIMERS, EVENTS, LEAVERS, RECOUNTS, IMPORTS, MAIL)
    return {kind: float(seconds) for kind, seconds in zip(kinds, row, strict=True) if seconds is not None}
