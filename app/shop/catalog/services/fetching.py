"""Pictures that an import knows only by their address are brought into the house, one by one, by a job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from flask_babel import gettext as _
from sqlalchemy import func, or_, select, update

from app.panel.core import changes, clock, fetching, files, history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.catalog.models import ProductImage, Sku
from app.shop.catalog.services.derived import refresh_of

MAX_BYTES, SECONDS, TRIES = 10 * 2**20, 20, 2
QUIET = {"synchronize_session": False}
LACKING = (ProductImage.file_id.is_(None), ProductImage.source_url.is_not(None))
WAITING = (*LACKING, ProductImage.fetch_asked_at.is_not(None), ProductImage.fetch_error.is_(None))


@transactional
def ask_for_pictures(product_ids: Sequence[int], *, actor: Any) -> int:
    """Mark the pictures of products that are only addresses as wanted, also those that failed before; how many.

    :raises DomainError: when there is none
    """
    policy.authorize(actor, "write", "catalog.ProductImage")
    mine = select(ProductImage.id).where(*LACKING, ProductImage.product_id.in_(product_ids))
    ids = list(db.session.scalars(mine))
    if not ids:
        raise DomainError(_("No picture of these is only an address."))
    wanted = update(ProductImage).where(ProductImage.id.in_(ids))
    again = {"fetch_asked_at": clock.now(), "fetch_tries": 0, "fetch_error": None, "version": ProductImage.version + 1}
    db.session.execute(wanted.values(again), execution_options=QUIET)
    db.session.expire_all()
    changes.record(ProductImage, ids)
    return len(ids)


def fetch_waiting(*, seconds: float) -> bool:
    """Fetch until nothing waits or the time is up; True when some is left. What failed in passing is tried once more."""
    until = time.monotonic() + seconds
    while (wanted := _next()) is not None:
        _fetch(*wanted)
        if time.monotonic() > until:
            return True
    return False


@transactional
def _next() -> tuple[int, str] | None:
    """The next picture and its address; the try is counted before, so that one which kills its worker is not tried for ever."""
    spent = update(ProductImage).where(*WAITING, ProductImage.fetch_tries >= TRIES)
    gave_up = {"fetch_error": _("The tries ended without an answer."), "version": ProductImage.version + 1}
    db.session.execute(spent.values(gave_up), execution_options=QUIET)
    query = select(ProductImage.id, ProductImage.source_url).where(*WAITING)
    row = db.session.execute(query.order_by(ProductImage.fetch_tries, ProductImage.id).limit(1)).first()
    if row is None:
        return None
    tried = {"fetch_tries": ProductImage.fetch_tries + 1, "version": ProductImage.version + 1}
    mine = update(ProductImage).where(ProductImage.id == row.id)
    db.session.execute(mine.values(tried), execution_options=QUIET)
    db.session.expire_all()
    return row.id, row.source_url


def _fetch(key: int, address: str) -> None:
    """The network first, outside of any transaction; then the row."""
    try:
        found = fetching.fetch(address, max_bytes=MAX_BYTES, seconds=SECONDS)
        received = files.receive(found.stream, _name(found.url), max_bytes=MAX_BYTES)
    except DomainError as error:
        _failed(key, error)
        return
    try:
        kept = _keep(key, address, received)
    except BaseException:
        received.drop()
        raise
    if not kept:
        received.drop()


def _name(url: str) -> str:
    return unquote(urlsplit(url).path).rpartition("/")[2][:200] or "picture"


@transactional
def _keep(key: int, address: str, received: files.Received) -> bool:
    """The picture gets its file, and so do the SKUs that name the same address; False when it has one by now, or is gone."""
    image = db.session.get(ProductImage, key)
    if image is None or image.file_id is not None or image.source_url != address:
        return False
    image.file = files.keep(received, actor=SYSTEM)
    image.fetch_error = None
    history.record(image, "image.fetched", actor=SYSTEM)
    db.session.flush()
    alike = select(Sku).where(Sku.product_id == image.product_id, Sku.image_url == address, Sku.image_id.is_(None))
    for sku in db.session.scalars(alike):
        sku.image_id = image.file_id
    db.session.flush()
    refresh_of([image.product_id])
    return True


@transactional
def _failed(key: int, error: DomainError) -> None:
    image = db.session.get(ProductImage, key)
    if image is None or (getattr(error, "passing", False) and image.fetch_tries < TRIES):
        return
    image.fetch_error = str(error.message)[:300]
    history.record(image, "image.not_fetched", actor=SYSTEM, why=image.fetch_error)


def fetch_results(since: Any) -> tuple[int, int]:
    """(fetched, failed) of the pictures asked for since a moment."""
    failed = func.count(ProductImage.fetch_error)
    query = select(func.count(ProductImage.file_id), failed).where(ProductImage.fetch_asked_at >= since)
    row = db.session.execute(query.where(or_(ProductImage.file_id.is_not(None), ProductImage.fetch_error.is_not(None)))).one()
    return int(row[0]), int(row[1])
