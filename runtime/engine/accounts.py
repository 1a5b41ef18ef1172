"""Who may log in: passwords, tokens, users and departments, under the right to administer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Literal
from zoneinfo import available_timezones

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from runtime.base.errors import Forbidden, Invalid, Message, NotFound, Problem, Unauthorized, unknown
from runtime.engine import audit, departments, leaving, second, succession
from runtime.engine.workspace import ADMIN, Session, Snapshot, Workspace, make_token, settled
from runtime.store import outbox, people
from runtime.store.ids import is_id


class OneByOne(PasswordHasher):
    """Hashes one password at a time in a process: at eight o'clock everybody comes, and each hash takes its memory."""

    turn = Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """The hash of a password."""
        with self.turn:
            return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        """Raises VerificationError, InvalidHashError where a password is not the one of a hash."""
        with self.turn:
            return super().verify(hash, password)


#: 19 MiB a hash (as OWASP advises, with a round more): the usual 64 MiB are half of what a web process takes.
HASHER = OneByOne(time_cost=3, memory_cost=19 * 1024, parallelism=1)
#: Verified against when there is no such user, so that the answer takes as long.
NOBODY_HASH = HASHER.hash("nobody has this password")
LONGEST_NAME = 60
NAME = re.compile(rf"[^\s/\\@:\x00-\x1f][^\s/\\:\x00-\x1f]{{0,{LONGEST_NAME - 1}}}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
TOKEN_DAYS = 30
REFUSED = Message("the name or the password is wrong", "用户名或密码错误")
USER_FIELDS = ("full_name", "email", "active", "roles", "department", "manager", "handover", "language", "time_zone",
               "password", "mail")  # fmt: skip


def hashed(password: str) -> str:
    """The argon2id hash of a password. Raises Invalid for one that is too short or too long."""
    if not isinstance(password, str) or not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        text = Message(
            f"a password has from {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
            f"密码长度须为 {SHORTEST_PASSWORD} 到 {LONGEST_PASSWORD} 个字符",
        )
        raise Invalid(problems=[Problem("password", text, field="password")])
    return HASHER.hash(password)


def called(name: str) -> str:
    """A user name as it is typed at a login, without what keyboards put around it."""
    return name.strip()[:LONGEST_NAME]


def attempts_of(workspace: str, name: str) -> str:
    """What attempts to log in under a name are counted by, however it is typed."""
    return f"{workspace}/{called(name).lower()}"


def login(
    workspace: Workspace, name: str, password: str, code: str | None = None, agent: str = ""
) -> tuple[str, datetime]:
    """A new token and its expiry. The same answer for an unknown name and a wrong password.

    ``code`` is that of the second factor, where the user has one. Raises Unauthorized; CodeNeeded without it.
    """
    user = people.user_called(workspace.database, workspace.schema, called(name))
    stored = user.password_hash if user and user.active and user.password_hash else NOBODY_HASH
    try:
        HASHER.verify(stored, password[:LONGEST_PASSWORD])
        fine = stored is not NOBODY_HASH
    except (VerificationError, InvalidHashError):
        fine = False
    if not fine or user is None:
        audit.note(workspace, user.id if user else None, "login_refused", {"name": called(name)})
        raise Unauthorized(REFUSED)
    if second.demanded(workspace, user.id):
        if not code:
            raise second.CodeNeeded(user.id)
        if not second.passes(workspace, user.id, code):
            audit.note(workspace, user.id, "login_refused", {"name": user.name, "code": True})
            raise Unauthorized(second.WRONG_CODE, code="second_factor_wrong")
    if HASHER.check_needs_rehash(stored):  # Made with other costs: now is the only time to make it anew.
        made = HASHER.hash(password[:LONGEST_PASSWORD])
        people.hash_anew(workspace.database, workspace.schema, user.id, stored, made)
    return begin(workspace, user, agent)


def login_second(workspace: Workspace, user_id: str, code: str, agent: str = "") -> tuple[str, datetime]:
    """The session of a user whose password was right a moment ago. Raises Unauthorized."""
    user = people.user_by_id(workspace.database, workspace.schema, user_id)
    if user is None or not user.active or not second.passes(workspace, user.id, code):
        audit.note(workspace, user.id if user else None, "login_refused", {"code": True})
        raise Unauthorized(second.WRONG_CODE, code="second_factor_wrong")
    return begin(workspace, user, agent)


def begin(workspace: Workspace, user: people.User, agent: str = "") -> tuple[str, datetime]:
    """The session of a user who has shown who he is: a new token and its expiry."""
    expires = datetime.now(UTC) + timedelta(days=TOKEN_DAYS)
    token, digest = make_token(workspace.schema)
    people.add_token(
        workspace.database, workspace.schema, user.id, "login", digest, expires, purpose="session", agent=agent[:200]
    )
    audit.note(workspace, user.id, "login", {"name": user.name})
    return token, expires


def create_token(workspace: Workspace, user: people.User, name: str, days: int | None) -> str:
    """A new token for scripts, shown once."""
    token, digest = make_token(workspace.schema)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    people.add_token(workspace.database, workspace.schema, user.id, name, digest, expires)
    audit.note(workspace, user.id, "token_created", {"name": name})
    return token


def demand_administration(session: Session) -> None:
    """Raise Forbidden unless the caller may administer."""
    if not session.person.administrator:
        raise Forbidden(Message("you may not administer this workspace", "您没有管理该工作区的权限"))


def user_json(snapshot: Snapshot, user: people.User) -> dict[str, Any]:
    """A user over the API; never the password's hash."""
    return {
        "id": user.id,
        "name": user.name,
        "full_name": user.full_name,
        "email": user.email,
        "active": user.active,
        "roles": list(user.roles),
        "department": user.department,
        "manager": user.manager,
        "handover": user.handover,
        "language": user.language,
        "time_zone": user.time_zone,
    }


def me(session: Session) -> dict[str, Any]:
    """The caller."""
    person = session.person
    return {
        "id": person.id,
        "name": person.name,
        "full_name": person.title,
        "workspace": session.workspace.row.name,
        "roles": list(person.roles),
        "department": person.department,
        "manager": person.manager,
        "language": person.language or session.workspace.row.language,
        "time_zone": person.time_zone or session.workspace.row.time_zone,
        "administrator": person.administrator,
    }


def columns_of(
    workspace: Workspace, snapshot: Snapshot, values: Mapping[str, Any], self_id: str | None
) -> dict[str, Any]:
    """The stored columns for the fields of a request. Raises Invalid with everything that is wrong."""
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in USER_FIELDS:
            problems.append(unknown(Message("field", "字段"), name, USER_FIELDS, "unknown_field").at(field=name))
        elif name == "password":
            try:
                found["password_hash"] = hashed(value)
            except Invalid as error:
                problems.extend(error.problems)
        elif name == "roles":
            problems.extend(check_roles(snapshot, value))
            found["roles"] = list(value) if isinstance(value, (list, tuple)) else []
        elif name in ("active", "mail"):
            if not isinstance(value, bool):
                problems.append(Problem("type", Message("must be true or false", "必须是 true 或 false"), field=name))
            found[name] = value
        elif name in ("department", "manager"):
            problems.extend(check_reference(workspace, snapshot, name, value, self_id))
            found[f"{name}_id"] = value
        elif name == succession.FIELD:
            problems.extend(succession.check(workspace, value, self_id))
            found["handover_id"] = value
        elif name == "time_zone" and isinstance(value, str) and value not in available_timezones():
            text = Message("must be a time zone such as Asia/Shanghai", "必须是时区名称，例如 Asia/Shanghai")
            problems.append(Problem("time_zone", text, field=name))
        elif value is not None and (not isinstance(value, str) or len(value) > 200 or "\0" in value):
            problems.append(
                Problem("type", Message("must be a text of at most 200", "必须是不超过 200 字的文本"), field=name)
            )
        else:
            found[name] = (value or "") if name == "full_name" else value
    if problems:
        raise Invalid(problems=problems)
    return found


def check_roles(snapshot: Snapshot, value: Any) -> list[Problem]:
    """What is wrong with a list of roles."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        return [Problem("type", Message("must be a list of role names", "必须是角色名称列表"), field="roles")]
    known = [ADMIN, *(one.name for one in snapshot.model.all("role"))]
    role = Message("role", "角色")
    return [unknown(role, one, known, "unknown_role").at(field="roles") for one in value if one not in known]


def check_reference(
    workspace: Workspace, snapshot: Snapshot, name: str, value: Any, self_id: str | None
) -> list[Problem]:
    """What is wrong with a department or manager."""
    if value is None:
        return []
    if name == "department":
        there = any(one.id == value for one in snapshot.departments)
    else:
        there = is_id(value) and people.user_by_id(workspace.database, workspace.schema, value) is not None
        if value == self_id and self_id is not None:
            return [Problem("cycle", Message("nobody is his own manager", "不能将本人设为上级"), field=name)]
    if there:
        return []
    return [Problem("not_found", Message(f"there is no such {name}", "没有该部门或用户"), field=name)]


def may_grant(session: Session, roles: Any) -> None:
    """Raise Forbidden when the caller would give a right that he does not hold."""
    if session.user_id is None or ADMIN in session.person.roles:
        return
    held = set(session.person.roles)
    given = {one for one in roles if isinstance(one, str)} if isinstance(roles, (list, tuple)) else set()
    if given - held:
        names = ", ".join(sorted(given - held))
        raise Forbidden(
            Message(f"you may not give roles that you do not hold: {names}", f"不能授予您自己没有的角色：{names}")
        )


@settled
def create_user(session: Session, body: Mapping[str, Any]) -> dict[str, Any]:
    """A new user."""
    demand_administration(session)
    values = {name: value for name, value in body.items() if name != "name"}
    name = body.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        text = Message(
            f"a user name has 1 to {LONGEST_NAME} characters, without blanks, '/', '\\' and ':'",
            f"用户名须为 1 到 {LONGEST_NAME} 个字符，不含空格、/、\\ 和 :",
        )
        raise Invalid(problems=[Problem("name", text, field="name")])
    may_grant(session, values.get("roles", ()))
    workspace = session.workspace
    columns = columns_of(workspace, session.snapshot, values, None)
    user_id = people.add_user(workspace.database, workspace.schema, name, columns)
    audit.note(workspace, session.user_id, "user_created", {"user": name, "roles": list(values.get("roles", ()))})
    return find_user(session, user_id)


@settled
def change_user(session: Session, user_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A changed user; a new password or the loss of access ends his tokens. Who comes back does his work himself."""
    demand_administration(session)
    workspace = session.workspace
    before = people.user_by_id(workspace.database, workspace.schema, user_id)
    if before is None:
        raise NotFound(Message("there is no such user", "没有该用户"))
    if isinstance(body.get("roles"), list):
        may_grant(session, [one for one in body["roles"] if one not in before.roles])
    if "password" in body and user_id != session.user_id:
        may_grant(session, before.roles)  # Who sets a password can log in with it.
    if ADMIN in before.roles and session.user_id is not None and ADMIN not in session.person.roles:
        raise Forbidden(Message("only an administrator may change an administrator", "只有管理员可以修改管理员"))
    columns = columns_of(workspace, session.snapshot, body, user_id)
    if columns.get("active") is True and not before.active and columns.get("handover_id") in (None, before.handover):
        columns["handover_id"] = None
    if columns.get("department_id", before.department) != before.department:
        with departments.moving(workspace) as bound:
            people.set_user(bound, workspace.schema, user_id, columns)
    else:
        people.set_user(workspace.database, workspace.schema, user_id, columns)
    if "password_hash" in columns or columns.get("active") is False:
        people.revoke_user(workspace.database, workspace.schema, user_id)
    if columns.get("active") is False:
        leaving.hand_over(workspace, user_id)  # What is not handed over now, a worker will hand over.
        outbox.wake(workspace.database, workspace.schema)
    shown = {name: value for name, value in body.items() if name != "password"}
    audit.note(workspace, session.user_id, "user_changed", {"user": before.name, "changed": sorted(body), "to": shown})
    return find_user(session, user_id)


def find_user(session: Session, user_id: str) -> dict[str, Any]:
    """One user. Raises NotFound."""
    demand_administration(session)
    found = people.user_by_id(session.database, session.workspace.schema, user_id)
    if found is None:
        raise NotFound(Message("there is no such user", "没有该用户"))
    return user_json(session.snapshot, found)


def all_users(session: Session) -> list[dict[str, Any]]:
    """All users, by name."""
    demand_administration(session)
    return [user_json(session.snapshot, one) for one in people.users(session.database, session.workspace.schema)]


def department_json(one: people.Department) -> dict[str, Any]:
    """A department over the API."""
    return {"id": one.id, "name": one.name, "parent": one.parent, "head": one.head, "calendar": one.calendar}


def all_departments(session: Session) -> list[dict[str, Any]]:
    """All departments, by name."""
    demand_administration(session)
    return [department_json(one) for one in people.departments(session.database, session.workspace.schema)]


def find_department(session: Session, department_id: str) -> dict[str, Any]:
    """One department. Raises NotFound."""
    for one in all_departments(session):
        if one["id"] == department_id:
            return one
    raise NotFound(Message("there is no such department", "没有该部门"))


@settled
def create_department(session: Session, body: Mapping[str, Any]) -> dict[str, Any]:
    """A new department."""
    demand_administration(session)
    columns = department_columns(session, body, None)
    if "name" not in columns:
        raise Invalid(problems=[Problem("required", Message("must be filled in", "必填"), field="name")])
    workspace = session.workspace
    made = people.add_department(
        workspace.database, workspace.schema, columns["name"], columns.get("parent_id"), columns.get("head_id"),
        columns.get("calendar"),
    )  # fmt: skip
    audit.note(workspace, session.user_id, "department_created", {"name": columns["name"]})
    return find_department(session, made)


@settled
def change_department(session: Session, department_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A changed department."""
    demand_administration(session)
    find_department(session, department_id)
    columns = department_columns(session, body, department_id)
    if columns:
        with departments.moving(session.workspace) as bound:
            people.set_department(bound, session.workspace.schema, department_id, columns)
        audit.note(
            session.workspace, session.user_id, "department_changed", {"id": department_id, "changed": sorted(body)}
        )
    return find_department(session, department_id)


def department_columns(session: Session, body: Mapping[str, Any], self_id: str | None) -> dict[str, Any]:
    """The stored columns for the fields of a request. Raises Invalid."""
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    there = people.departments(session.database, session.workspace.schema)
    for name, value in body.items():
        if name == "name":
            if not isinstance(value, str) or not 1 <= len(value.strip()) <= 100 or "\0" in value:
                text = Message("must be a text of 1 to 100 characters", "必须是 1 到 100 个字符的文本")
                problems.append(Problem("name", text, field=name))
            else:
                found["name"] = value.strip()
        elif name == "parent":
            if value is not None and not any(one.id == value for one in there):
                problems.append(Problem("not_found", Message("there is no such department", "没有该部门"), field=name))
            elif self_id is not None and value in people.below(there, self_id):
                problems.append(
                    Problem("cycle", Message("a department cannot be under itself", "部门不能隶属于自身"), field=name)
                )
            found["parent_id"] = value
        elif name == "head":
            problems.extend(check_reference(session.workspace, session.snapshot, "head", value, None))
            found["head_id"] = value
        elif name == departments.FIELD:
            problems.extend(departments.check(session, value))
            found["calendar"] = value
        else:
            problems.append(
                unknown(Message("field", "字段"), name, ("name", "parent", "head", "calendar"), "unknown_field").at(
                    field=name
                )
            )
    if problems:
        raise Invalid(problems=problems)
    return found
