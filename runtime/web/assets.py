"""The built browser part: which files a page links. Without a build, pages are plain: one sheet and no script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request

ENTRY = "runtime/web/src/main.ts"
BUILT = "dist"
MANIFEST = "manifest.json"
PLAIN = "dougong.css"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Assets:
    """What a page's head links, as names below the static folder."""

    styles: tuple[str, ...] = (PLAIN,)
    script: str | None = None


def read(folder: Path) -> Assets:
    """The links that the build's manifest names; the plain ones when nothing was built."""
    try:
        entry = json.loads((folder / BUILT / MANIFEST).read_bytes())[ENTRY]
        return Assets(tuple(f"{BUILT}/{one}" for one in entry.get("css", ())), f"{BUILT}/{entry['file']}")
    except (OSError, ValueError, KeyError):
        return Assets()


class Kept:
    """The links as last read; a new build is noticed by its manifest's time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stamp: int | None = -1
        self.assets = Assets()

    def __call__(self) -> Assets:
        try:
            stamp: int | None = (self.folder / BUILT / MANIFEST).stat().st_mtime_ns
        except OSError:
            stamp = None
        if stamp != self.stamp:
            self.stamp, self.assets = stamp, read(self.folder)
        return self.assets


def install(app: Flask) -> None:
    """Give pages `assets()`, and let browsers keep built files, whose names tell their content."""
    app.jinja_env.globals["assets"] = Kept(Path(app.static_folder or "."))
    built = f"{app.static_url_path}/{BUILT}/assets/"

    @app.after_request
    def keep(response: Response) -> Response:
        if request.path.startswith(built) and response.status_code in (200, 304):
            response.headers["Cache-Control"] = FOREVER
        return response
