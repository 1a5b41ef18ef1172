"""Settings of one process, from the environment and the command line."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 2**20


@dataclass(frozen=True)
class Settings:
    """Where things are and how much is allowed.

    ``secret`` signs session cookies. ``largest_body`` bounds a request's body, ``largest_file`` an upload, both in
    bytes. ``logins_per_minute`` bounds login attempts of one address.
    """

    dsn: str
    data: Path
    secret: str
    files: Path
    plugins: tuple[Path, ...] = ()
    pool_size: int = 10
    largest_body: int = 16 * MEGABYTE
    largest_file: int = 100 * MEGABYTE
    logins_per_minute: int = 10
    metrics_token: str = ""
    secure_cookies: bool = False


def from_environment(
    dsn: str, data: Path, environment: Mapping[str, str] = os.environ, *, pool_size: int | None = None
) -> Settings:
    """The settings of an installation whose data folder is ``data``."""
    extra = tuple(Path(one) for one in environment.get("DOUGONG_PLUGINS", "").split(os.pathsep) if one)
    return Settings(
        dsn=dsn,
        data=data,
        secret=environment.get("DOUGONG_SECRET_KEY") or kept_secret(data),
        files=Path(environment.get("DOUGONG_FILES", str(data / "files"))),
        plugins=(*bundled_plugins(), *extra),
        pool_size=pool_size or int(environment.get("DOUGONG_POOL", "10")),
        largest_file=int(environment.get("DOUGONG_LARGEST_FILE_MB", "100")) * MEGABYTE,
        metrics_token=environment.get("DOUGONG_METRICS_TOKEN", ""),
        secure_cookies=environment.get("DOUGONG_SECURE_COOKIES", "") == "1",
    )


def kept_secret(data: Path) -> str:
    """The secret of the data folder, made once (mode 0600)."""
    place = data / "secret.key"
    data.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return place.read_text().strip()


def bundled_plugins() -> tuple[Path, ...]:
    """The plugin folders that come with the product."""
    folder = Path(__file__).parent.parent / "plugins"
    return tuple(sorted(one.parent for one in folder.glob("*/plugin.yaml")))
