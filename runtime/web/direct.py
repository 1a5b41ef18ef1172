"""One record and a page of records straight over WSGI, beside Flask: a framework costs a quarter of a write.

Same engine, same refusals, same headers as every other route. Flask's routes for these addresses lead here too, for
what this layer leaves to it (``HEAD``, ids that are none).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runtime.base.errors import DougongError, Malformed, Message, Problem, Stale
from runtime.engine import proposed, reading, records
from runtime.engine.workspace import Session
from runtime.meta.entering import PENDING
from runtime.store.ids import is_id
from runtime.web.call import STATUS, Answer, Call, json_answer, json_of, refusal
from runtime.web.http import GUARDS, Services, flag, names, whole
from runtime.web.metrics import ROUTE

PREFIX = "/api/v1/records/"
KNOWN = ("filter", "sort", "fields", "expand", "q", "limit", "cursor", "count", "numbers", "deleted", "state")
LONGEST_KEY = 200
BODILESS = (204, 304)
RULES = (f"{PREFIX}<object_name>", f"{PREFIX}<object_name>/<record_id>")

Route = Callable[[Services, Call, str, str], Answer]


class Direct:
    """WSGI middleware: answers the hot routes itself, gives everything else to ``behind``.

    ``foreign`` turns an exception that is not ours (and where it happened) into one that is.
    """

    def __init__(
        self,
        services: Services,
        behind: Callable[..., Iterable[bytes]],
        foreign: Callable[[Exception, str], DougongError],
    ) -> None:
        self.services = services
        self.behind = behind
        self.foreign = foreign

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            object_name, _, record_id = path[len(PREFIX) :].partition("/")
            route = ROUTES.get((environ["REQUEST_METHOD"], bool(record_id)))
            if route is not None and object_name and (not record_id or is_id(record_id)):
                call = Call(environ)
                environ[ROUTE] = RULES[bool(record_id)]
                try:
                    found = route(self.services, call, object_name, record_id)
                except DougongError as error:
                    found = refusal(error, call.language)
                except Exception as error:
                    where = f"{environ['REQUEST_METHOD']} {path}"
                    found = refusal(self.foreign(error, where), call.language)
                headers = [*found.headers, *GUARDS]
                if found.status not in BODILESS:
                    headers.append(("Content-Length", str(len(found.body))))
                start_response(STATUS[found.status], headers)
                return [found.body]
        return self.behind(environ, start_response)


def session_of(services: Services, call: Call) -> Session:
    """The caller's session; the statements themselves find out whether it is still current. Raises Unauthorized."""
    found = call.session = services.workspaces.session(call.bearer, "api")
    return found


def ask_of(args: Mapping[str, str]) -> reading.Ask:
    """What the query string asks for. Raises Malformed."""
    for name in args:
        if name not in KNOWN:
            shown = ", ".join(KNOWN)
            text = Message(f"unknown parameter, possible: {shown}", f"未知参数，可用：{shown}")
            raise Malformed(problems=[Problem("unknown_parameter", text, field=name[:60])])
    return reading.Ask(
        filter=args.get("filter", ""),
        sort=tuple(names(args.get("sort"))),
        fields=tuple(names(args["fields"])) if args.get("fields") else None,
        expand=tuple(names(args.get("expand"))),
        q=args.get("q", ""),
        limit=whole("limit", args["limit"]) if args.get("limit") else 50,
        cursor=args.get("cursor", ""),
        count=args.get("count", "none"),
        numbers_as_text=args.get("numbers") == "string",
        deleted=flag("deleted", args.get("deleted", "")),
        pending=waits(args.get("state", "")),
    )


def waits(state: str) -> bool:
    """Whether records are meant that wait for an approval, by ``state``. Raises Malformed."""
    if state not in ("", PENDING):
        text = Message(f"must be {PENDING}, or left out", f"只能是 {PENDING}，或省略")
        raise Malformed(problems=[Problem("choice", text, field="state")])
    return state == PENDING


def options_of(call: Call, body: bytes) -> records.Options:
    """How a write is to be done, from the headers and the query string. Raises Malformed."""
    key = call.header("IDEMPOTENCY_KEY")
    version, args = call.if_match, call.args
    if not key and version is None and not args:
        return records.DEFAULT
    if len(key) > LONGEST_KEY:
        raise Malformed(
            Message(
                f"Idempotency-Key has at most {LONGEST_KEY} characters", f"Idempotency-Key 最长 {LONGEST_KEY} 个字符"
            )
        )
    once = None
    if key:
        where = f"{call.environ['REQUEST_METHOD']} {call.environ['PATH_INFO']}\n"
        once = (key, hashlib.sha256(where.encode() + body).digest())
    return records.Options(
        version=version,
        bypass=flag("bypass_approval", args.get("bypass_approval", "")),
        once=once,
        numbers_as_text=args.get("numbers") == "string",
        expand=tuple(names(args.get("expand"))),
    )


def listed(services: Services, call: Call, object_name: str, _: str) -> Answer:
    """A page of records."""
    session = session_of(services, call)
    return json_answer(reading.listed(session, object_name, ask_of(call.args)).body())


def one(services: Services, call: Call, object_name: str, record_id: str) -> Answer:
    """One record, or 304 when the caller has this version already."""
    session = session_of(services, call)
    ask = ask_of(call.args) if call.args else PLAIN
    body, version = reading.get(session, object_name, record_id, ask)
    tag = f'"{version}"'
    if call.header("IF_NONE_MATCH") == tag and says_all(session, object_name, ask):
        return Answer(304, [("ETag", tag)], b"")
    return json_answer(body, 200, ("ETag", tag))


def says_all(session: Session, object_name: str, ask: reading.Ask) -> bool:
    """True when a record of the same version reads the same: no value in it comes from other records or the moment."""
    definition = session.model.object(object_name)
    return definition is not None and not ask.expand and all(one.stored for one in definition.fields.values())


def create(services: Services, call: Call, object_name: str, _: str) -> Answer:
    """A new record: 201 with the record, its address and ETag."""
    session = session_of(services, call)
    body = call.body(services.settings.largest_body)
    return written(records.create(session, object_name, json_of(body), options_of(call, body)), 201, object_name)


def change(services: Services, call: Call, object_name: str, record_id: str) -> Answer:
    """A changed record; 412 with the record as it is now when the caller has seen another version."""
    session = session_of(services, call)
    body = call.body(services.settings.largest_body)
    raw, options = json_of(body), options_of(call, body)
    try:
        return written(records.update(session, object_name, record_id, raw, options), 200, object_name)
    except Stale as error:
        return stale(session, object_name, record_id, error)


def remove(services: Services, call: Call, object_name: str, record_id: str) -> Answer:
    """Into the recycle bin."""
    session = session_of(services, call)
    try:
        bypass = flag("bypass_approval", call.args.get("bypass_approval", "")) if call.args else False
        force = flag("force", call.args.get("force", "")) if call.args else False
        reason = call.args.get("reason", "") if force else ""
        options = records.Options(version=call.if_match, bypass=bypass, force=force, reason=reason)
        pending = records.delete(session, object_name, record_id, options)
    except Stale as error:
        return stale(session, object_name, record_id, error)
    if pending is None:
        return Answer(204, [], b"")
    body, version = reading.get(session, object_name, record_id)
    return written(records.Written(record_id, body, version, pending=pending), 202, object_name)


def written(done: records.Written, status: int, object_name: str) -> Answer:
    """The answer to a write: the record, its address and ETag; 202 when the change waits for an approval."""
    if done.pending is not None:
        where = f"/api/v1/workflows/instances/{done.pending.instance}"
        body = proposed.written(done.body, done.pending.json())
        tag = [("ETag", f'"{done.version}"')] if done.version else []
        found = json_answer(body, 202, *tag)
        found.headers.append(("Location", where))
        if done.replayed:
            found.headers.append(("Idempotent-Replayed", "true"))
        return found
    found = json_answer(done.body, status, ("ETag", f'"{done.version}"'))
    if status == 201:
        found.headers.append(("Location", f"{PREFIX}{object_name}/{done.id}"))
    if done.replayed:
        found.headers.append(("Idempotent-Replayed", "true"))
    return found


def stale(session: Session, object_name: str, record_id: str, error: Stale) -> Answer:
    """412 with the record as it is now, so that the caller can merge."""
    body, version = reading.get(session, object_name, record_id)
    found = refusal(error, session.language)
    return Answer(
        found.status, [*found.headers, ("ETag", f'"{version}"')], found.body[:-1] + b',"current":' + body + b"}"
    )


PLAIN = reading.Ask()
#: By method, and whether an id stands behind the object's name.
ROUTES: Mapping[tuple[str, bool], Route] = {
    ("GET", False): listed,
    ("POST", False): create,
    ("GET", True): one,
    ("PATCH", True): change,
    ("DELETE", True): remove,
}
