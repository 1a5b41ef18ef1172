"""The yardstick: a small application written by hand for one table of 14 typed columns, Flask and SQLAlchemy Core.

Written as a good programmer would in an afternoon: a pool, bound parameters, an index on each column that a list
is filtered or sorted by, values checked by hand. It has no rights, no history, no events and one fixed table.
"""

from __future__ import annotations

import os
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider

LEVELS = ("A", "B", "C", "D")
INDUSTRIES = ("energy", "manufacturing", "retail", "software", "health")

metadata = sa.MetaData()
customer = sa.Table(
    "customer",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), index=True),
    sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("code", sa.Text, unique=True),
    sa.Column("level", sa.Text, index=True),
    sa.Column("industry", sa.Text, index=True),
    sa.Column("city", sa.Text, index=True),
    sa.Column("phone", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("amount", sa.Numeric, index=True),
    sa.Column("employees", sa.Numeric),
    sa.Column("signed_on", sa.Date),
    sa.Column("active", sa.Boolean),
    sa.Column("score", sa.Numeric),
    sa.Column("website", sa.Text),
    sa.Column("note", sa.Text),
)
FIELDS = [
    column.name for column in customer.columns if column.name not in ("id", "version", "created_at", "updated_at")
]


class Json(DefaultJSONProvider):
    """Dates as ISO texts, decimals as numbers."""

    @staticmethod
    def default(value: Any) -> Any:
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, date):
            return value.isoformat()
        return str(value)


def cleaned(body: dict[str, Any], *, new: bool) -> tuple[dict[str, Any], list[str]]:
    """The values to store, and what is wrong."""
    wrong = [name for name in body if name not in FIELDS]
    if new and not body.get("name"):
        wrong.append("name")
    if body.get("level") is not None and body["level"] not in LEVELS:
        wrong.append("level")
    if body.get("industry") is not None and body["industry"] not in INDUSTRIES:
        wrong.append("industry")
    for name in ("amount", "employees", "score"):
        if body.get(name) is not None:
            try:
                body[name] = Decimal(str(body[name]))
            except ArithmeticError:
                wrong.append(name)
    if body.get("signed_on") is not None:
        try:
            body["signed_on"] = date.fromisoformat(body["signed_on"])
        except (TypeError, ValueError):
            wrong.append("signed_on")
    return body, wrong


def make(address: str, token: str) -> Flask:
    """The application."""
    app = Flask(__name__)
    app.json = Json(app)
    engine = sa.create_engine(address, pool_size=10, max_overflow=0)

    @app.before_request
    def check() -> Any:
        if request.headers.get("Authorization") != f"Bearer {token}":
            return jsonify(error="login"), 401
        return None

    @app.get("/customers/<uuid:key>")
    def one(key: uuid.UUID) -> Any:
        with engine.connect() as connection:
            row = connection.execute(sa.select(customer).where(customer.c.id == key)).mappings().first()
        return jsonify(dict(row)) if row else (jsonify(error="not found"), 404)

    @app.get("/customers")
    def many() -> Response:
        query = sa.select(customer)
        for name in ("level", "industry", "city"):
            if request.args.get(name):
                query = query.where(customer.c[name] == request.args[name])
        if request.args.get("min_score"):
            query = query.where(customer.c.score >= Decimal(request.args["min_score"]))
        sort = request.args.get("sort", "-created_at")
        column = customer.c[sort.lstrip("-")]
        query = query.order_by(column.desc() if sort.startswith("-") else column, customer.c.id).limit(50)
        with engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return jsonify(data=[dict(row) for row in rows])

    @app.post("/customers")
    def create() -> Any:
        values, wrong = cleaned(request.get_json(), new=True)
        if wrong:
            return jsonify(errors=wrong), 422
        with engine.begin() as connection:
            row = (
                connection.execute(sa.insert(customer).values(id=uuid.uuid4(), **values).returning(customer))
                .mappings()
                .one()
            )
        return jsonify(dict(row)), 201

    @app.patch("/customers/<uuid:key>")
    def change(key: uuid.UUID) -> Any:
        values, wrong = cleaned(request.get_json(), new=False)
        if wrong:
            return jsonify(errors=wrong), 422
        with engine.begin() as connection:
            row = (
                connection.execute(
                    sa.update(customer)
                    .where(customer.c.id == key)
                    .values(version=customer.c.version + 1, updated_at=sa.func.now(), **values)
                    .returning(customer)
                )
                .mappings()
                .first()
            )
        return jsonify(dict(row)) if row else (jsonify(error="not found"), 404)

    @app.get("/customers/by-level")
    def by_level() -> Response:
        query = sa.select(customer.c.level, sa.func.count().label("n"), sa.func.sum(customer.c.amount).label("total"))
        with engine.connect() as connection:
            rows = connection.execute(query.group_by(customer.c.level)).mappings().all()
        return jsonify(data=[dict(row) for row in rows])

    return app


if "BENCH_BASELINE" in os.environ:
    app = make(os.environ["BENCH_BASELINE"], os.environ["BENCH_TOKEN"])
