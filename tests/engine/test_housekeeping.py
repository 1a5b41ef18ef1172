"""A process that starts forgets what has had its time, and nothing else."""

from __future__ import annotations

from runtime.base.sqltext import Sql
from runtime.engine import housekeeping
from runtime.store import files
from tests.conftest import Shop
from tests.engine.test_first import LEAD


def test_old_uploads_and_keys_go(shop: Shop) -> None:
    shop.publish(LEAD)
    schema = shop.workspace.schema
    old = files.add(shop.database, schema, "old.txt", 1, "text/plain", "0" * 64, None)
    new = files.add(shop.database, schema, "new.txt", 1, "text/plain", "1" * 64, None)
    shop.database.rows(
        Sql(f"UPDATE {schema}.s_file SET created_at = now() - interval '25 hours' WHERE id = %s::uuid", (old.id,))
    )
    for key in ("a", "b"):
        sent = shop.ask("POST", "/records/lead", headers={"Idempotency-Key": key}, json={"name": key})
        assert sent.status_code == 201
    shop.database.rows(Sql(f"UPDATE {schema}.s_idempotency SET created_at = now() - interval '8 days' WHERE key = 'a'"))
    housekeeping.begin(shop.workspace)
    assert files.find(shop.database, schema, old.id) is None
    assert files.find(shop.database, schema, new.id) is not None
    assert shop.database.rows(Sql(f"SELECT key FROM {schema}.s_idempotency")) == [("b",)]
