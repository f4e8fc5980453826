"""Scripts, style sheets and fonts, served from the installed packages at addresses that never change their content.

Nothing third-party lies in the repository and nothing comes from a CDN: Bootstrap is read out of `bootstrap-flask`,
Plotly's script out of `plotly`, the icon font out of Flask-AppBuilder. An address holds a tag of its source
(`/static/assets/<tag>/<source>/<path>`), so browsers keep it for ever, and relative imports and `url()` stay in one source.
The style sheet and the icons of every page are the source `kept`: what our pages can use of all that, see `kept.py`.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request

from app.panel.core import kept, plotlycut

YEAR = 31_536_000
COMPRESSIBLE = {".css", ".js", ".mjs", ".json", ".map", ".svg", ".txt"}
SERVED = COMPRESSIBLE | {".woff2", ".woff", ".ttf", ".png", ".jpg", ".webp", ".ico", ".gif"}

# Short names for templates; everything else is asked for as "<source>/<path>".
ALIASES = {
    "bootstrap.css": "bootstrap/css/bootstrap.min.css",
    "bootstrap.js": "bootstrap/js/bootstrap.min.js",
    "popper.js": "bootstrap/umd/popper.min.js",
    "icons.css": "icons/fontawesome/fontawesome.min.css",
    "icons-solid.css": "icons/fontawesome/solid.min.css",
    "plotly.js": "plotly/plotly.min.js",
    "swagger.css": "icons/swagger/swagger-ui.css",
    "swagger.js": "swagger/swagger-ui-bundle.js",
}

# The sheets of ours that every page loads, in the order of the cascade.
OWN_SHEETS = ("tokens", "base", "shell", "components", "tables", "forms", "home", "print")
# Whose icons stand on the pages that are opened most: the others are fetched when one of them is shown.
SHOWN_FIRST = ("templates/panel", "panel/core/screens", "static/panel/dom.js", "static/panel/panel.js", "static/panel/list.js")
KEPT = "kept"
_making = threading.Lock()

blueprint = Blueprint("assets", __name__)


@dataclass
class Source:
    """A folder that may be served: of `only` these files and folders (`…/`), all of it when empty."""

    folder: Path
    tag: str
    only: tuple[str, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    def find(self, path: str) -> Path | None:
        """The file behind a path of an address, or None when it is outside of what is served."""
        if self.only and not any(path.startswith(one) if one.endswith("/") else path == one for one in self.only):
            return None
        target = (self.folder / path).resolve()
        if not target.is_relative_to(self.folder) or target.suffix not in SERVED or not target.is_file():
            return None
        return target


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent.resolve()


def _tag(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def _tag_of_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in SERVED:
            digest.update(str(file.relative_to(folder)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


def _packages() -> dict[str, Source]:
    fab = _package("flask_appbuilder") / "static" / "appbuilder"
    fab_version = version("flask-appbuilder")
    return {
        "bootstrap": Source(
            _package("flask_bootstrap") / "static" / "bootstrap5",
            _tag("bootstrap-flask", version("bootstrap-flask")),
            ("css/bootstrap.min.css", "js/bootstrap.min.js", "umd/popper.min.js"),
        ),
        "icons": Source(fab / "css", _tag("fab-css", fab_version), ("fontawesome/", "webfonts/", "swagger/")),
        "swagger": Source(fab / "js", _tag("fab-js", fab_version), ("swagger-ui-bundle.js",)),
        "plotly": Source(
            _package("plotly") / "package_data",
            _tag("plotly", version("plotly"), plotlycut.REVISION),
            ("plotly.min.js",),
        ),
    }


def init_app(app: Flask) -> None:
    """Register the route, the sources that every page needs, and `asset()` for templates."""
    app.extensions["panel_assets"] = _packages()
    mount(app, "panel", Path(app.static_folder or "") / "panel")
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset=asset, wears_other_icons=wears_other_icons)


def mount(app: Flask, name: str, folder: Path) -> None:
    """Serve a folder of our own as `asset("<name>/<path>")`; its tag follows the content of all its files."""
    folder = folder.resolve()
    app.extensions["panel_assets"][name] = Source(folder, _tag_of_folder(folder))


def asset(name: str) -> str:
    """The address of a script, style sheet or font; a wrong name fails at once instead of as a 404 in a browser."""
    sources = _sources()
    key, _, path = ALIASES.get(name, name).partition("/")
    source = sources.get(key)
    if source is None:
        raise LookupError(f"No such asset source: {name}")
    if current_app.debug and key not in _PACKAGED and key != KEPT:
        source.tag = _tag_of_folder(source.folder)
        source.known.clear()
    if path not in source.known:
        if source.find(path) is None:
            raise LookupError(f"No such asset: {name}")
        source.known[path] = f"/static/assets/{source.tag}/{key}/{path}"
    return (request.script_root if request else "") + source.known[path]


def wears_other_icons(entries: Iterable[Any]) -> bool:
    """Has a menu an icon that the sheet of every page lacks? Then its page needs `kept/icons.css` as well."""
    known = _kept_icons(_kept().folder)
    return any((entry.icon and entry.icon not in known) or wears_other_icons(entry.children) for entry in entries)


@lru_cache(maxsize=8)
def _kept_icons(folder: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\.(fa-[a-z0-9-]+):before", (folder / "panel.css").read_text()))


def _sources() -> dict[str, Source]:
    sources: dict[str, Source] = current_app.extensions["panel_assets"]
    if KEPT not in sources or current_app.debug:
        _kept()
    return sources


def prepare() -> None:
    """Make what every page loads first, unless it is there."""
    _kept()


def _kept() -> Source:
    sources: dict[str, Source] = current_app.extensions["panel_assets"]
    source = sources.get(KEPT)
    if source is None or current_app.debug:
        with _making:
            config = current_app.config
            folder = kept.folder(Path(config.get("CACHE_FOLDER") or Path(config["HOME"]) / "cache"), _pieces(sources))
            if source is None or source.folder != folder:
                source = sources[KEPT] = Source(folder, _tag_of_folder(folder))
    return source


def _pieces(sources: dict[str, Source]) -> kept.Pieces:
    """Of what it is made: our sheets, and the words of our own folders and of all domains."""
    ours, icons = sources["panel"].folder, sources["icons"]
    home = Path(current_app.root_path).resolve()
    others = (domain.folder.resolve() for domain in current_app.extensions.get("panel_domains", ()))
    return kept.Pieces(
        bootstrap=sources["bootstrap"].folder / "css/bootstrap.min.css",
        icons=(icons.folder / "fontawesome/fontawesome.min.css", icons.folder / "fontawesome/solid.min.css"),
        own=tuple(ours / f"{name}.css" for name in OWN_SHEETS),
        scripts=(sources["bootstrap"].folder / "js/bootstrap.min.js",),
        font=icons.folder / "webfonts/fa-solid-900.ttf",
        whole_font=f"../../{icons.tag}/icons/webfonts/fa-solid-900.woff2",
        version=f"{sources['bootstrap'].tag} {icons.tag}",
        roots=(home, *(folder for folder in others if not folder.is_relative_to(home))),
        shown_first=tuple(home / one for one in SHOWN_FIRST),
    )


_PACKAGED = frozenset({"bootstrap", "icons", "swagger", "plotly"})


@lru_cache(maxsize=96)
def _read(path: Path, stamp: int, packed: bool) -> bytes:
    """A file's bytes, compressed once a process (Plotly's 4.8 MB cost 0.2 s, once)."""
    content = path.read_bytes()
    if path.name == "plotly.min.js":
        content = plotlycut.cut(content.decode()).encode()
    return gzip.compress(content, 6, mtime=0) if packed else content


@blueprint.get("/static/assets/<tag>/<source>/<path:path>", endpoint="static")
def serve(tag: str, source: str, path: str) -> Response:
    """Serve one file. An old tag (a page from before an update) still answers, but is not kept for ever."""
    packed = Path(path).suffix in COMPRESSIBLE and request.accept_encodings["gzip"] > 0
    origin = _sources().get(source)
    target = origin.find(path) if origin else None
    if origin is None or target is None:
        abort(404)
    body = _read(target, target.stat().st_mtime_ns, packed)
    return _answer(body, path, packed, origin.tag, tag == origin.tag)


def _answer(body: bytes, path: str, packed: bool, tag: str, is_latest: bool) -> Response:
    suffix = Path(path).suffix
    kind = "text/javascript" if suffix in {".js", ".mjs"} else mimetypes.guess_type(path)[0]
    response = Response(body, mimetype=kind or "application/octet-stream")
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_latest else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if suffix in COMPRESSIBLE:
        response.vary.add("Accept-Encoding")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{tag}-{'gz' if packed else 'id'}-{_tag(path)}")
    response.make_conditional(request)
    return response
