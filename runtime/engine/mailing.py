"""Notices as letters: what each says in its reader's language, where its link leads, when it is tried again.

A letter is sent inside of the transaction that notes it: whatever dies before that is sent by the next, and only a
death between the server's answer and the note could send one twice, under the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from time import monotonic
from urllib.parse import quote

from runtime.base.errors import DougongError, Message
from runtime.engine import audit, resetting
from runtime.engine.watch import MAIL, Ear
from runtime.engine.workspace import Workspace, Workspaces
from runtime.kinds.channel import Carrier, Channel, Letter, Undeliverable
from runtime.store import deliveries, workspaces
from runtime.store.deliveries import Due

log = logging.getLogger(__name__)
BATCH = 200
#: So many letters of one workspace, then it is the next one's turn.
MOST = 100
#: Older notices are no news: nobody gets the mail of a week when mail is set up at last.
NEWEST = timedelta(days=1)
KEPT = timedelta(days=30)
HOUR = 3600.0
#: Until a letter that did not get through is tried again; after the last of them it has failed.
WAITS = tuple(timedelta(minutes=one) for one in (1, 5, 15, 60, 240, 720))
SUBJECTS: Mapping[str, Message] = {
    "task": Message("To do: {title}", "待办：{title}"),
    "copied": Message("For your information: {title}", "抄送：{title}"),
    "reminded": Message("Still to do: {title}", "待办提醒：{title}"),
    "urged": Message("Please hurry: {title}", "催办：{title}"),
    "commented": Message("Comment on {title}", "有新评论：{title}"),
    "mentioned": Message("You are mentioned: {title}", "有人提到您：{title}"),
    "returned": Message("Returned: {title}", "已退回：{title}"),
    "approved": Message("Approved: {title}", "已通过：{title}"),
    "rejected": Message("Rejected: {title}", "已驳回：{title}"),
    "withdrawn": Message("Withdrawn: {title}", "已撤回：{title}"),
    "terminated": Message("Ended: {title}", "已终止：{title}"),
    "dropped": Message("Deleted: {title}", "已被删除：{title}"),
    resetting.ASKED: Message("A new password for {place}", "重置 {place} 的密码"),
}
OTHER = Message("News: {title}", "通知：{title}")
OPEN = Message("Open", "打开")
WHY = Message(
    "You get this mail because of a workflow in {place}. Under your name there you can turn mail off.",
    "您收到此邮件是因为 {place} 中的流程。可在个人设置中关闭邮件通知。",
)
NEW_PASSWORD = Message(
    "Somebody, presumably you, has asked for a new password for the user name {name}. With this link you choose one. "
    "It works once, and for an hour.",
    "有人（应该是您本人）为用户名 {name} 申请重置密码。请通过以下链接设置新密码，链接一小时内有效，且只能使用一次。",
)
CHOOSE = Message("Choose a new password", "设置新密码")
NOT_ME = Message(
    "If it was not you, you need not do anything: nobody else has got this link, and your password is as it was.",
    "如果不是您本人操作，请忽略此邮件：链接只发送给您，密码保持不变。",
)


class Post:
    """The ways out of one installation."""

    def __init__(self, known: Workspaces, environment: Mapping[str, str], secret: str = "") -> None:
        """``secret`` signs links that open an account. Raises ValueError when the settings cannot be understood."""
        self.known = known
        self.secret = secret
        self.base = environment.get("DOUGONG_BASE_URL", "").rstrip("/")
        self.kinds: dict[str, type[Channel]] = {}
        self.carriers: dict[str, Carrier] = {}
        self.forgets = 0.0
        for kind in known.catalog:
            carrier = kind.carrier(environment) if issubclass(kind, Channel) else None
            if issubclass(kind, Channel) and carrier is not None:
                self.kinds[kind.name], self.carriers[kind.name] = kind, carrier

    @property
    def opens(self) -> bool:
        """Whether a link that opens an account can be sent to its owner."""
        return bool(self.base and self.secret) and any(one.private for one in self.kinds.values())

    def round(self) -> int:
        """Everything that is to be sent now in all workspaces; how many letters were dealt with."""
        count = 0
        for row in workspaces.everyone(self.known.database):
            try:
                count += self.workspace(self.known.named(row.name))
            except DougongError as error:
                log.warning("mail of %s: %r", row.name, error)
        self.close()
        return count

    def workspace(self, workspace: Workspace) -> int:
        """The same in one workspace; the connections stay open."""
        count = 0
        while new := deliveries.fan_out(workspace.database, workspace.schema, list(self.carriers), NEWEST, BATCH):
            count += 0 if self.carriers else new
        for name in self.carriers:
            for _ in range(MOST):
                if not self.one(workspace, name):
                    break
                count += 1
        return count

    def forget(self) -> None:
        """What was sent long ago goes, now and then."""
        if monotonic() < self.forgets:
            return
        self.forgets = monotonic() + HOUR
        for row in workspaces.everyone(self.known.database):
            deliveries.forget(self.known.database, row.schema, KEPT)

    def close(self) -> None:
        """Close the connections to servers."""
        for carrier in self.carriers.values():
            carrier.close()

    def one(self, workspace: Workspace, name: str) -> int:
        """One letter; 0 when there is none."""
        with workspace.database.transaction() as connection:
            due = deliveries.take(connection, workspace.schema, name)
            if due is None:
                return 0
            address = self.kinds[name].address(due.email)
            written = self.written(workspace, due, name, address) if address is not None else None
            if written is None:
                deliveries.settle(connection, workspace.schema, due, "skipped", timedelta())
                return 1
            try:
                self.carriers[name].send(written)
                deliveries.settle(connection, workspace.schema, due, "sent", timedelta())
                if due.type == resetting.ASKED:
                    audit.noted(connection, workspace.schema, None, "reset_link_sent", {"user": due.name})
            except Undeliverable as error:
                last = error.final or due.attempts >= len(WAITS)
                wait = timedelta() if last else WAITS[due.attempts]
                log.warning("%s %s to %s: %s", name, due.notice, address, error)
                deliveries.settle(connection, workspace.schema, due, "failed" if last else "ready", wait, str(error))
        return 1

    def written(self, workspace: Workspace, due: Due, name: str, address: str) -> Letter | None:
        """A notice as a letter on one way; None when it is not to be sent."""
        if due.type != resetting.ASKED:
            return letter(workspace, due, address, self.base) if wanted(due) else None
        token = resetting.mailed(workspace, due.user, due.created_at, self.secret)
        if token is None or not self.opens or not self.kinds[name].private:
            return None
        return password_letter(workspace, due, address, f"{self.base}/reset?token={quote(token)}")


def post_of(known: Workspaces, environment: Mapping[str, str], secret: str = "") -> Post:
    """The ways out as the environment sets them up; settings that cannot be understood are told, and there is none."""
    try:
        return Post(known, environment, secret)
    except ValueError as error:
        log.error("mail is off: %s", error)
        return Post(known, {})


def work(known: Workspaces, environment: Mapping[str, str], secret: str, ear: Ear) -> None:
    """Go on until it is over."""
    post = post_of(known, environment, secret)
    while not ear.over:
        due = ear.wait()
        for name in due:
            count = 0
            try:
                count = post.workspace(known.named(name))
            except Exception as error:  # The database is away, or the workspace is being changed: it is tried again.
                log.warning("mail of %s: %r", name, error, exc_info=not isinstance(error, DougongError))
            ear.did(name, {MAIL: count})
        try:
            if due:
                post.close()
            post.forget()
        except Exception as error:  # The next round finds out.
            log.warning("mail: %r", error, exc_info=not isinstance(error, DougongError))


def wanted(due: Due) -> bool:
    """Whether it is still news to somebody who wants to know."""
    done = due.task is not None and due.task_state not in (None, "open")
    return due.active and due.wanted and not due.read and not done


def letter(workspace: Workspace, due: Due, address: str, base: str) -> Letter:
    """A notice as a letter."""
    language = due.language or workspace.row.language
    title = due.title or due.text
    subject = SUBJECTS.get(due.type, OTHER).text(language).format(title="{}").replace("{}", title)
    said = due.text if due.text and due.text != title else ""
    path = f"/tasks/{quote(due.task)}" if due.task else f"/tasks/flows/{quote(due.instance)}" if due.instance else "/"
    link = base + path if base else ""
    why = WHY.text(language).replace("{place}", place_of(workspace, language))
    return composed(due, address, language, subject, said, (OPEN.text(language), link), why)


def password_letter(workspace: Workspace, due: Due, address: str, link: str) -> Letter:
    """The letter with a link for a new password."""
    language = due.language or workspace.row.language
    subject = SUBJECTS[due.type].text(language).replace("{place}", place_of(workspace, language))
    said = NEW_PASSWORD.text(language).replace("{name}", due.login)
    return composed(due, address, language, subject, said, (CHOOSE.text(language), link), NOT_ME.text(language))


def place_of(workspace: Workspace, language: str) -> str:
    """What a workspace is called."""
    return (workspace.row.label or {}).get(language) or workspace.row.name


def composed(
    due: Due, address: str, language: str, subject: str, said: str, way: tuple[str, str], why: str
) -> Letter:  # fmt: skip
    """A letter in both forms; ``way`` is what the button says and where it leads, '' for nowhere."""
    label, link = way
    text = "\n\n".join(one for one in (subject, said, link, "--\n" + why) if one) + "\n"
    button = f'<p><a href="{escape(link)}">{escape(label)}</a></p>' if link else ""
    words = f"<p>{escape(said)}</p>" if said else ""
    html = (
        f'<!doctype html><html lang="{"zh-CN" if language.startswith("zh") else "en"}"><body>'
        f"<h3>{escape(subject)}</h3>{words}{button}<p><small>{escape(why)}</small></p></body></html>\n"
    )
    return Letter(due.notice, address, due.name, subject, text, html, language)
