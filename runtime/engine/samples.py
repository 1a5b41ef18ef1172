"""Sample data of an app: the people of an invented company, then files of records through the import.

``data/sample.yaml`` says who works there and for which day the files were made; ``data/NN-object.csv`` are imported in
their order, a second file of an object completes the records of the first. All days move by whole weeks, so that what
was to come is still to come and a Monday stays a Monday. A person who is there already keeps what he has; he gets
roles only when he is the sample's own (same name and mail).
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from runtime.base.errors import Invalid, Message, Problem
from runtime.engine import accounts, imports
from runtime.engine.entries import Refs
from runtime.engine.linking import Linker
from runtime.engine.workspace import Session
from runtime.formula.types import DATE, DATETIME
from runtime.meta.load import Loaded
from runtime.meta.model import ObjectDef
from runtime.store import people

ABOUT = "data/sample.yaml"
FILE = re.compile(r"data/(?:[0-9]+-)?([a-z][a-z0-9_]*)\.csv")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WEEK = 7


@dataclass
class Loading:
    """What came of it: the records of each object, and the new people with the one password they share."""

    records: dict[str, int] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    password: str | None = None

    def add(self, other: Loading) -> None:
        """Take in what came of another app: its people have the password of the first."""
        for name, count in other.records.items():
            self.records[name] = self.records.get(name, 0) + count
        self.users += other.users
        self.password = self.password or other.password


@dataclass(frozen=True)
class About:
    """The head of an app's sample data: ``as_of`` is the day for which the files were made, ``needs`` says for objects
    of other apps a record that must be there."""

    as_of: datetime.date | None
    needs: Mapping[str, str] = field(default_factory=dict)
    departments: Sequence[Mapping[str, Any]] = ()
    users: Sequence[Mapping[str, Any]] = ()


def load(
    session: Session, app: Loaded, refs: Refs, progress: Callable[[str], None], password: str | None = None
) -> Loading:
    """Load an app's sample data, nothing of it where records that it needs are missing.

    ``refs`` keeps the rows' names over several apps, ``password`` is the one that new people get. Raises Invalid for
    the first file that does not fit: sample data are as good as the documents or a fault of the template.
    """
    about = read_about(app)
    done = Loading(password=password)
    if not _linked(session, about):
        progress(f"{app.app}: the sample data of the required app are not there, nothing to link to")
        return done
    _departments(session, about)
    _users(session, about, done)
    _heads(session, about)
    if done.users:
        progress(f"people: {len(done.users)}")
    weeks = _weeks(session, about.as_of)
    for name in sorted(app.assets):
        match = FILE.fullmatch(name)
        if match is None:
            continue
        session.settle()
        definition = session.model.objects.get(match[1])
        data = app.assets[name]
        if definition is not None and weeks:
            data = moved(data, definition, weeks)
        again = "update" if match[1] in done.records else "create"
        options = imports.Options(name=name.rpartition("/")[2], on_duplicate=again, refs=refs)
        outcome = imports.run(session, match[1], io.BytesIO(data), options)
        progress(f"{match[1]}: {outcome.created or outcome.updated} records")
        done.records[match[1]] = done.records.get(match[1], 0) + outcome.created
        _demand(outcome, name)
    return done


def read_about(app: Loaded) -> About:
    """The head of an app's sample data, empty where there is none. Raises Invalid."""
    if ABOUT not in app.assets:
        return About(None)
    try:
        found = yaml.safe_load(app.assets[ABOUT])
        needs, departments, users = (found.get(key) for key in ("needs", "departments", "users"))
        return About(found.get("as_of"), dict(needs or {}), tuple(departments or ()), tuple(users or ()))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise Invalid(Message(f"{ABOUT}: {error}", f"{ABOUT}：{error}")) from None


def moved(data: bytes, definition: ObjectDef, weeks: int) -> bytes:
    """A file with the days in its columns of days and moments moved by whole weeks."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    kinds = {one.name: one.kind.type() for one in definition.fields.values()}
    timely = [index for index, name in enumerate(rows[0]) if kinds.get(name) in (DATE, DATETIME)] if rows else []
    by = datetime.timedelta(days=WEEK * weeks)
    for row in rows[1:]:
        for index in timely:
            if index < len(row):
                row[index] = DAY.sub(lambda day: str(datetime.date.fromisoformat(day[0]) + by), row[index], count=1)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()


def _linked(session: Session, about: About) -> bool:
    """True when the records of other apps are there that the sample data link to."""
    for name, text in about.needs.items():
        linker = Linker(session, name, None, name)
        linker.learn([text])
        if linker.find(text) is None:
            return False
    return True


def _weeks(session: Session, as_of: datetime.date | None) -> int:
    """The whole weeks that have gone by since the files were made."""
    if as_of is None:
        return 0
    env = session.env()
    return (env.now.astimezone(env.zone).date() - as_of).days // WEEK


def _departments(session: Session, about: About) -> None:
    there = {one.name: one.id for one in people.departments(session.database, session.workspace.schema)}
    for one in about.departments:
        if one["name"] not in there:
            body = {"name": one["name"], "parent": there.get(one.get("parent", ""))}
            there[one["name"]] = accounts.create_department(session, body)["id"]


def _users(session: Session, about: About, done: Loading) -> None:
    """The people, each after the one who leads him. Their password is hashed once: that takes long by design."""
    digest = ""
    database, schema = session.database, session.workspace.schema
    departments = {one.name: one.id for one in people.departments(database, schema)}
    for one in about.users:
        there = people.user_called(database, schema, one["name"])
        if there is not None:
            missing = [role for role in one.get("roles", ()) if role not in there.roles]
            if missing and there.email == one.get("email"):
                accounts.change_user(session, there.id, {"roles": [*there.roles, *missing]})
            continue
        manager = people.user_called(database, schema, one["manager"]) if one.get("manager") else None
        body = {
            "name": one["name"],
            "full_name": one.get("full_name", ""),
            "email": one.get("email"),
            "roles": list(one.get("roles", ())),
            "department": departments.get(one.get("department", "")),
            "manager": manager.id if manager else None,
        }
        made = accounts.create_user(session, body)
        done.password = done.password or secrets.token_urlsafe(9)
        digest = digest or accounts.hashed(done.password)
        people.set_user(database, schema, made["id"], {"password_hash": digest})
        done.users.append(one["name"])


def _heads(session: Session, about: About) -> None:
    """Departments whose head was not there before the people."""
    database, schema = session.database, session.workspace.schema
    for one in people.departments(database, schema):
        wanted = next((each.get("head") for each in about.departments if each["name"] == one.name), None)
        user = people.user_called(database, schema, wanted) if wanted and not one.head else None
        if user is not None:
            accounts.change_department(session, one.id, {"head": user.id})


def _demand(outcome: imports.Outcome, name: str) -> None:
    """Raise Invalid for rows that were refused, warnings about columns among them."""
    found: list[Problem] = [one.problem.at(file=name, path=f"row {one.row}") for one in outcome.errors]
    found += [one.at(file=name) for one in outcome.warnings]
    if outcome.stopped is not None:
        found.append(outcome.stopped.at(file=name))
    if found:
        raise Invalid(problems=found[:20])
