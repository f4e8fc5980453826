"""Scripts, style sheets and fonts, served from the installed packages at addresses that never change their content.

Nothing third-party lies in the repository and nothing comes from a CDN: Bootstrap is read out of `bootstrap-flask`,
Plotly's script out of `plotly`, the icon font out of Flask-AppBuilder. An address holds a tag of its source
(`/static/assets/<tag>/<source>/<path>`), so browsers keep it for ever, and relative imports and `url()` stay in one source.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request

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

# What every page loads is one sheet: a browser asks once and reads one file.
BUNDLES = {
    "panel.css": (
        "bootstrap.css",
        "icons.css",
        "icons-solid.css",
        *(f"panel/{name}.css" for name in ("tokens", "base", "shell", "components", "tables", "forms", "home", "print")),
    )
}

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
        "plotly": Source(_package("plotly") / "package_data", _tag("plotly", version("plotly")), ("plotly.min.js",)),
    }


def init_app(app: Flask) -> None:
    """Register the route, the sources that every page needs, and `asset()` for templates."""
    app.extensions["panel_assets"] = _packages()
    mount(app, "panel", Path(app.static_folder or "") / "panel")
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset=asset, bundle=bundle)


def mount(app: Flask, name: str, folder: Path) -> None:
    """Serve a folder of our own as `asset("<name>/<path>")`; its tag follows the content of all its files."""
    folder = folder.resolve()
    app.extensions["panel_assets"][name] = Source(folder, _tag_of_folder(folder))


def asset(name: str) -> str:
    """The address of a script, style sheet or font; a wrong name fails at once instead of as a 404 in a browser."""
    sources: dict[str, Source] = current_app.extensions["panel_assets"]
    key, _, path = ALIASES.get(name, name).partition("/")
    source = sources.get(key)
    if source is None:
        raise LookupError(f"No such asset source: {name}")
    if current_app.debug and key not in _PACKAGED:
        source.tag = _tag_of_folder(source.folder)
        source.known.clear()
    if path not in source.known:
        if source.find(path) is None:
            raise LookupError(f"No such asset: {name}")
        source.known[path] = f"/static/assets/{source.tag}/{key}/{path}"
    return (request.script_root if request else "") + source.known[path]


def bundle(name: str) -> str:
    """The address of several style sheets in one."""
    tag = _tag(*(asset(part) for part in BUNDLES[name]))
    return f"{request.script_root if request else ''}/static/assets/{tag}/bundle/{name}"


_PACKAGED = frozenset({"bootstrap", "icons", "swagger", "plotly"})


@lru_cache(maxsize=96)
def _read(path: Path, stamp: int, packed: bool) -> bytes:
    """A file's bytes, compressed once a process (Plotly's 4.8 MB cost 0.2 s, once)."""
    content = path.read_bytes()
    return gzip.compress(content, 6, mtime=0) if packed else content


@lru_cache(maxsize=8)
def _joined(addresses: tuple[str, ...], packed: bool) -> bytes:
    """The style sheets at these addresses, one behind the other; what they point at is named from the root."""
    sources: dict[str, Source] = current_app.extensions["panel_assets"]
    parts = []
    for address in addresses:
        key, _, path = address.partition("/static/assets/")[2].partition("/")[2].partition("/")
        text = (sources[key].folder / path).read_text()
        folder = address.rpartition("/")[0]
        parts.append(re.sub(r"url\((?=\w|\.)(?!data:)", f"url({folder}/", text))
    content = "\n".join(parts).encode()
    return gzip.compress(content, 6, mtime=0) if packed else content


@blueprint.get("/static/assets/<tag>/<source>/<path:path>", endpoint="static")
def serve(tag: str, source: str, path: str) -> Response:
    """Serve one file. An old tag (a page from before an update) still answers, but is not kept for ever."""
    packed = Path(path).suffix in COMPRESSIBLE and request.accept_encodings["gzip"] > 0
    if source == "bundle":
        if path not in BUNDLES:
            abort(404)
        now, body = bundle(path).split("/")[-3], _joined(tuple(asset(part) for part in BUNDLES[path]), packed)
    else:
        origin: Source | None = current_app.extensions["panel_assets"].get(source)
        target = origin.find(path) if origin else None
        if origin is None or target is None:
            abort(404)
        now, body = origin.tag, _read(target, target.stat().st_mtime_ns, packed)
    return _answer(body, path, packed, now, tag == now)


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
