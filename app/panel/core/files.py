"""Files that people give us: random names outside of the web root, type by content, served through the policy only."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import importlib
import io
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from flask import Blueprint, Response, abort, current_app, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import delete, exists, select

from app.panel.core import outbox, policy
from app.panel.core.actor import NOBODY, current_actor, owns
from app.panel.core.cells import Cell
from app.panel.core.columns import integer, text
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError, InvalidInput, TooLarge
from app.panel.core.routing import numbered
from app.panel.core.transaction import transactional

blueprint = Blueprint("files", __name__, url_prefix="/files")
MAX_BYTES, MAX_PIXELS, LINK_SECONDS = 20 * 2**20, 50_000_000, 8 * 3600
HELD_SECONDS = 24 * 3600
SAME_SECONDS = 900  # so long a page shows the same link
THUMBNAILS = {"thumb": 160, "medium": 800}
IMAGES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}
VIDEOS = {"video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov"}
DOCUMENTS = {"application/pdf": ".pdf"}
TABLES = {"text/csv": ".csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx"}
KINDS = {"image": IMAGES, "video": VIDEOS, "document": DOCUMENTS | IMAGES, "table": TABLES}


class File(PanelModel):
    """A stored file. `token` is its random name on disk, `name` what its giver called it: shown, never used as a path."""

    __tablename__ = "core_file"
    __resource__ = "core.File"

    token = text("Token", 64, required=True, unique=True, hidden=True)
    name = text(lazy_gettext("Name"), 200, required=True, search=True)
    mime = text(lazy_gettext("Type"), 100, required=True)
    size = integer(lazy_gettext("Bytes"), required=True)
    sha256 = text("SHA-256", 64, required=True, index=True, hidden=True)
    width = integer(lazy_gettext("Width"))
    height = integer(lazy_gettext("Height"))

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_image(self) -> bool:
        return self.mime in IMAGES


_readers: list[Callable[[Any, File], bool]] = []


def readable_by(rule: Callable[[Any, File], bool]) -> Callable[[Any, File], bool]:
    """Register who may read a file: `rule(actor, file)`. One yes is enough; the giver may always."""
    _readers.append(rule)
    return rule


def folder() -> Path:
    return Path(current_app.config["UPLOAD_FOLDER"])


def path_of(token: str, size: str = "") -> Path:
    """Where a file lies. The token is ours, checked all the same; nothing that a person wrote is part of a path."""
    if not token.isalnum() or size not in ("", *THUMBNAILS):
        raise ValueError(token)
    return folder() / token[:2] / (f"{token}.{size}.webp" if size else token)


@dataclass(frozen=True)
class Received:
    """Bytes on the disk whose kind was checked, and no row yet. Its giver keeps it or drops it."""

    token: str
    name: str
    mime: str
    size: int
    sha256: str
    width: int | None
    height: int | None

    def drop(self) -> None:
        delete_bytes(self.token)


def receive(stream: IO[bytes], name: str, *, kinds: Iterable[str] = ("image",), max_bytes: int = MAX_BYTES) -> Received:
    """Take the bytes of a file, outside of any transaction.

    :raises TooLarge: over `max_bytes`
    :raises InvalidInput: when it is empty, or its content is none of the kinds, whatever its name says
    """
    token = secrets.token_hex(20)
    target = path_of(token)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while block := stream.read(2**16):
            size += len(block)
            if size > max_bytes:
                out.close()
                target.unlink()
                raise TooLarge(_("“%(name)s” is larger than %(max)s MB.", name=name[:60], max=max_bytes // 2**20))
            digest.update(block)
            out.write(block)
    try:
        if not size:
            said = _("“%(name)s” is empty (0 bytes). Save it once more where it comes from, then choose it again.", name=name[:60])
            raise InvalidInput({"file": said})
        mime = _type_of(target, name, kinds)
        width, height = _measure(target) if mime in IMAGES else (None, None)
    except DomainError:
        target.unlink()
        raise
    shown = Path(name.replace("\\", "/")).name[:200] or "file"
    return Received(token, shown, mime, size, digest.hexdigest(), width, height)


@transactional
def keep(received: Received, *, actor: Any) -> File:
    """Give received bytes their row."""
    file = File(**asdict(received), created_by_id=actor.id)
    db.session.add(file)
    db.session.flush()
    return file


def store(
    stream: IO[bytes], name: str, *, actor: Any, kinds: Iterable[str] = ("image",), max_bytes: int = MAX_BYTES
) -> File:
    """Receive a file and keep it; raises what `receive` raises."""
    received = receive(stream, name, kinds=kinds, max_bytes=max_bytes)
    try:
        return keep(received, actor=actor)
    except BaseException:
        received.drop()
        raise


def _type_of(path: Path, name: str, kinds: Iterable[str]) -> str:
    wanted = {mime: suffix for kind in kinds for mime, suffix in KINDS[kind].items()}
    puremagic: Any = importlib.import_module("puremagic")  # with its table of types, which few processes need
    try:
        found = [match.mime_type for match in puremagic.magic_file(path)]
    except (puremagic.PureError, ValueError):
        found = []
    mime = next((m for m in found if m in wanted), None)
    if mime is None and "text/csv" in wanted and Path(name).suffix.lower() in (".csv", ".txt", ".tsv") and not found:
        mime = "text/csv"
    if mime is None:
        raise InvalidInput(
            {
                "file": _(
                    "“%(name)s” is none of: %(kinds)s.", name=name[:60], kinds=", ".join(sorted(set(wanted.values())))
                )
            }
        )
    return mime


def upright(path: Path) -> Any:
    """The picture in this file, turned as its camera was held; Pillow is loaded by the first who asks."""
    with _pillow().open(path) as image:
        return importlib.import_module("PIL.ImageOps").exif_transpose(image)


def _pillow() -> Any:
    image: Any = importlib.import_module("PIL.Image")
    image.MAX_IMAGE_PIXELS = MAX_PIXELS
    return image


def _measure(path: Path) -> tuple[int, int]:
    pillow = _pillow()
    try:
        with pillow.open(path) as image:
            image.verify()
        width, height = upright(path).size
        return width, height
    except (pillow.UnidentifiedImageError, OSError, SyntaxError, pillow.DecompressionBombError, ValueError) as error:
        raise InvalidInput({"file": _("This picture cannot be read.")}) from error


def thumbnail(file: File, size: str) -> Path:
    """The path of a small WebP of a picture, made at the first question for it. Metadata (place, camera) is left out."""
    target = path_of(file.token, size)
    if not target.exists():
        image = upright(path_of(file.token))
        small = image.convert("RGBA" if "A" in image.getbands() else "RGB")
        small.thumbnail((THUMBNAILS[size], THUMBNAILS[size]))
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=82)
        part = target.with_suffix(f".{secrets.token_hex(4)}")
        part.write_bytes(buffer.getvalue())
        part.replace(target)
    return target


def delete_bytes(token: str) -> None:
    """Remove a file and its thumbnails from the disk; for the outbox, after the row is gone."""
    for path in (path_of(token), *(path_of(token, size) for size in THUMBNAILS)):
        path.unlink(missing_ok=True)


@transactional
def forget_unused(
    newer_than: int = 0,
    *,
    before: dt.datetime | None = None,
    but: Collection[int] = (),
    among: Collection[int] | None = None,
) -> int:
    """Delete the files that no row points at any more; their bytes are deleted by the outbox, after the commit.

    :param newer_than: only those behind this number
    :param before: only those given before this moment, for a new one may not have found its row yet
    :param but: files that are still needed, though no row says so
    :param among: only these
    """
    keys = [
        key for table in db.metadata.sorted_tables for key in table.foreign_keys if key.column.table is File.__table__
    ]
    query = select(File.id, File.token).where(File.id > newer_than)
    query = query.where(*(~exists().where(key.parent == File.id) for key in keys))
    if before is not None:
        query = query.where(File.created_at < before)
    if among is not None:
        query = query.where(File.id.in_(list(among)))
    found = [row for row in db.session.execute(query) if row.id not in but]
    for start in range(0, len(found), 500):
        db.session.execute(delete(File).where(File.id.in_([row.id for row in found[start : start + 500]])))
    for row in found:
        outbox.put("delete_file", {"token": row.token})
    return len(found)


@outbox.handler("delete_file", timeout=60, tries=8)
def _delete_file(payload: dict[str, Any]) -> None:
    delete_bytes(payload["token"])


def may_read(actor: Any, file: File) -> bool:
    if actor is NOBODY:
        return False
    if policy.is_administrator(actor) or owns(actor, file.created_by_id):
        return True
    return any(rule(actor, file) for rule in _readers)


def ticket(file: File, actor: Any) -> str:
    """By which a form that is shown again sends a file that was chosen before; it is good for this writer alone."""
    return str(_signer("held").dumps([file.id, actor.id]))


def held(text: str, *, actor: Any, kinds: Iterable[str]) -> File | None:
    """The file of a ticket of this actor, where it still is and is of these kinds."""
    try:
        key, writer = _signer("held").loads(text, max_age=HELD_SECONDS)
    except BadSignature:
        return None
    file = db.session.get(File, key) if actor is not NOBODY and owns(actor, writer) else None
    return file if file is not None and any(file.mime in KINDS[kind] for kind in kinds) else None


def _signer(purpose: str = "files") -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=purpose)


def url(file: File | int | None, size: str = "") -> str:
    """A link for whoever reads this page: it names the reader, so it opens for nobody else, and ends with the day."""
    if file is None:
        return ""
    key = file if isinstance(file, int) else file.id
    signed = _signed(current_app.config["SECRET_KEY"], key, current_actor().id, int(time.time()) // SAME_SECONDS)
    return numbered("files.serve", "signed", signed) + (f"?size={size}" if size else "")


@functools.lru_cache(maxsize=4096)
def _signed(_secret: str, key: int, reader: int | None, _while: int) -> str:
    """The same for some minutes: a list signs a hundred, and a browser need not fetch again what it has."""
    return str(_signer().dumps([key, reader]))


@blueprint.get("/<signed>")
def serve(signed: str) -> Response:
    """The bytes of a file for the reader whom the link names, as long as he may read it."""
    try:
        key, reader = _signer().loads(signed, max_age=LINK_SECONDS)
    except BadSignature:
        abort(404)
    actor = current_actor()
    if actor is NOBODY or actor.id != reader:
        abort(404)
    file = db.session.get(File, key)
    size = request.args.get("size", "")
    if file is None or size not in ("", *THUMBNAILS) or not may_read(actor, file) or not path_of(file.token).exists():
        abort(404)
    if size and file.is_image:
        response = send_file(thumbnail(file, size), mimetype="image/webp", conditional=True)
    else:
        inline = file.is_image or file.mime in VIDEOS or file.mime in DOCUMENTS
        response = send_file(
            path_of(file.token), mimetype=file.mime, as_attachment=not inline, download_name=file.name, conditional=True
        )
    response.headers["Cache-Control"] = "private, max-age=3600"
    # a file that somebody uploaded runs nothing, whatever is in it
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def known(keys: Iterable[int]) -> list[File]:
    """These files, none of which is asked for again while they are held."""
    wanted = list(keys)
    return list(db.session.scalars(select(File).where(File.id.in_(wanted)))) if wanted else []


def cell(key: int) -> Cell:
    """The cell of a file on a show page."""
    file = db.session.get(File, key)
    if file is None:
        return {"kind": "text", "text": ""}
    if file.is_image:
        return {"kind": "image", "text": str(file), "url": url(file), "title": url(file, "medium")}
    return {"kind": "link", "text": str(file), "url": url(file)}


def copy_to(file: File, out: IO[bytes]) -> None:
    """The bytes of a file into a stream."""
    with path_of(file.token).open("rb") as source:
        shutil.copyfileobj(source, out)
