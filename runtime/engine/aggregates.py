"""Grouped measures over the records that the caller may read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runtime.base.errors import Invalid, Message, Problem
from runtime.base.sqltext import Sql
from runtime.engine.access import demand_object
from runtime.engine.reading import Reader
from runtime.engine.workspace import Session, settled
from runtime.formula import sql as formula_sql
from runtime.meta.model import SYSTEM_PROPERTIES
from runtime.store import query

KNOWN = ("filter", "group_by", "measures", "sort", "limit", "q")
MOST_ROWS = 10_000
MOST_MEASURES = 20


def wrong(name: str, en: str, zh: str) -> Invalid:
    """A refusal of one part of the request."""
    return Invalid(problems=[Problem("aggregate", Message(en, zh), field=name)])


def checked(body: Mapping[str, Any]) -> tuple[str, list[str], dict[str, str], list[str], int]:
    """(filter, group_by, measures, sort, limit) of a request. Raises Invalid."""
    for name in body:
        if name not in KNOWN:
            raise wrong(str(name)[:60], f"unknown; possible: {', '.join(KNOWN)}", f"未知，可用：{', '.join(KNOWN)}")
    filter_text = body.get("filter") or ""
    group_by = body.get("group_by") or []
    measures = body.get("measures") or {"count": "COUNT()"}
    sort = body.get("sort") or []
    sort = [one.strip() for one in sort.split(",")] if isinstance(sort, str) else sort
    limit = body.get("limit", 1000)
    if not isinstance(filter_text, str):
        raise wrong("filter", "must be a formula", "必须是公式")
    if not isinstance(group_by, list) or not all(isinstance(one, str) for one in group_by) or len(group_by) > 5:
        raise wrong("group_by", "must be a list of at most 5 fields", "必须是最多 5 个字段的列表")
    if (
        not isinstance(measures, dict)
        or not all(isinstance(one, str) for one in measures.values())
        or len(measures) > MOST_MEASURES
    ):
        raise wrong(
            "measures",
            f"must be at most {MOST_MEASURES} formulas by name",
            f"必须是最多 {MOST_MEASURES} 个按名称的公式",
        )
    if not isinstance(sort, list) or not all(isinstance(one, str) for one in sort):
        raise wrong("sort", "must be names of groups or measures", "必须是分组或度量的名称")
    if not isinstance(limit, (int, Decimal)) or isinstance(limit, bool) or not 1 <= limit <= MOST_ROWS or limit % 1:
        raise wrong("limit", f"must be from 1 to {MOST_ROWS}", f"必须在 1 到 {MOST_ROWS} 之间")
    twice = {one for one in group_by if group_by.count(one) > 1 or one in measures}
    if twice:
        raise wrong("group_by", f"{min(twice)[:60]!r} stands twice in the result", f"结果中“{min(twice)[:60]}”重复")
    return filter_text, group_by, measures, sort, int(limit)


@settled
def aggregate(session: Session, object_name: str, body: Mapping[str, Any]) -> bytes:
    """``{"data":[...]}``: one row a group."""
    filter_text, group_by, measures, sort, limit = checked(body)
    search = body.get("q") if isinstance(body.get("q"), str) else ""

    def work() -> tuple[int, bytes]:
        access = demand_object(session.snapshot, session.person, object_name, "read")
        reader = Reader(session, access)
        keys = [group(reader, name) for name in group_by]
        outputs = [measure(reader, name, source) for name, source in measures.items()]
        names = [one.name for one in [*keys, *outputs]]
        order = []
        for name in sort:
            bare = name.lstrip("-+")
            if bare not in names:
                raise wrong("sort", f"{bare[:60]!r} is neither a group nor a measure", f"“{bare[:60]}”既非分组也非度量")
            order.append((names.index(bare), name.startswith("-")))
        where = reader.where(reader.filter(filter_text), reader.search(str(search)))
        statement = query.groups(
            reader.place, reader.alias, reader.frame,
            keys=keys, measures=outputs, where=where, order=order, limit=limit, live=session.workspace.live_table,
        )  # fmt: skip
        rows = session.database.rows(statement)
        return rows[0][0], b'{"data":[' + ",".join(row[1] for row in rows if row[1] is not None).encode() + b"]}"

    return session.repeating(work)


def group(reader: Reader, name: str) -> query.Output:
    """A group: a field, a property, a path or any other formula."""
    bare = name.strip()
    field = reader.access.object.fields.get(bare)
    if field is None and bare not in SYSTEM_PROPERTIES and bare.isidentifier():
        raise Invalid(problems=[reader.unknown(bare).at(field="group_by")])
    if field is not None and not reader.access.readable(bare):
        raise Invalid(problems=[reader.unknown(bare).at(field="group_by")])
    if field is not None and field.stored and field.kind.column and not field.kind.column.endswith("[]"):
        return query.Output(bare, reader.binder.field(field), field.kind.type())
    compiled = reader.formula(bare, "virtual", None, "group_by")
    if compiled.type.name in ("children", "null"):
        raise wrong("group_by", f"{bare[:60]!r} cannot be grouped by", f"不能按“{bare[:60]}”分组")
    value = formula_sql.value(compiled, reader.binder, reader.env)
    if compiled.type.name in ("text", "choice"):
        value = Sql("nullif(") + value + ", '')"
    return query.Output(bare, value, compiled.type)


def measure(reader: Reader, name: str, source: str) -> query.Output:
    """A measure: SUM(x), COUNT() and what is made of them."""
    compiled = reader.formula(source, "measure", None, "measures")
    return query.Output(name, formula_sql.measure(compiled, reader.binder, reader.env), compiled.type)
