"""Pictures and films of products: which one is the main one, their order, and by what right they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect

from app.panel.core import policy, records, trash
from app.panel.core.db import db
from app.panel.core.errors import Conflict, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog import rules
from app.shop.catalog.models import Product, ProductImage, ProductVideo
from app.shop.catalog.services.derived import refresh


def settle_images(product: Product) -> None:
    """Exactly one main picture: the one ticked last, else the one that was it, else the first. Order without gaps."""
    images = list(product.images)
    if not images:
        return
    ticked = [image for image in images if image.is_main]
    fresh = [image for image in ticked if inspect(image).attrs.is_main.history.has_changes()]
    main = (fresh or ticked or images)[-1 if fresh else 0]
    for position, image in enumerate(sorted(images, key=lambda image: (image.position or 0, image.id or 2**31))):
        if image.position != position:
            image.position = position
        if image.is_main is not (image is main):
            image.is_main = image is main


@transactional
def file_image(product: Product, file_ids: Sequence[int], *, actor: Any, **values: Any) -> list[ProductImage]:
    """Lay uploaded pictures to a product, behind those that it has."""
    policy.authorize(actor, "write", "catalog.ProductImage")
    first = len(product.images)
    made = []
    for offset, file_id in enumerate(file_ids):
        image = ProductImage(file_id=file_id, position=first + offset, is_main=False, **values)
        product.images.append(image)
        made.append(image)
    _settle(product)
    return made


@transactional
def take_images_away(product: Product, file_ids: Sequence[int], *, actor: Any) -> int:
    """Pictures of a product that were filed by mistake go to the trash; how many."""
    policy.authorize(actor, "write", "catalog.ProductImage")
    wrong = [image for image in product.images if image.file_id in file_ids]
    for image in wrong:
        trash.put(image, actor=actor)
    _settle(product)
    return len(wrong)


@transactional
def set_main_image(image: ProductImage, *, actor: Any) -> ProductImage:
    policy.authorize(actor, "write", "catalog.ProductImage")
    for other in image.product.images:
        other.is_main = other is image
    _settle(image.product)
    return image


@transactional
def shift_image(image: ProductImage, by: int, *, actor: Any) -> ProductImage:
    """Move a picture up (-1) or down (1) in the order of its product."""
    policy.authorize(actor, "write", "catalog.ProductImage")
    images = list(image.product.images)
    index = images.index(image)
    images.insert(min(max(index + by, 0), len(images) - 1), images.pop(index))
    for position, other in enumerate(images):
        if other.position != position:
            other.position = position
    _settle(image.product)
    return image


@transactional
def arrange_images(product: Product, ids: Sequence[int], *, seen: str, actor: Any) -> None:
    """Put the pictures into an order. The same order once more changes nothing, whatever was seen.

    :param seen: `rules.order_stamp` of the pictures as the person saw them
    :raises Conflict: when they were changed meanwhile, or `ids` are not exactly those of the product
    """
    policy.authorize(actor, "write", "catalog.ProductImage")
    images = {image.id: image for image in product.images}
    if list(ids) == list(images):
        return
    if sorted(ids) != sorted(images) or rules.order_stamp(images.values()) != seen:
        raise Conflict(_("Somebody else changed the pictures in the meantime. Look at them again."))
    for position, key in enumerate(ids):
        if images[key].position != position:
            images[key].position = position
    _settle(product)


@transactional
def create_image(values: dict[str, Any], *, actor: Any) -> ProductImage:
    image = ProductImage()
    with db.session.no_autoflush:
        records.assign(image, values, actor=actor)
    db.session.add(image)
    db.session.flush()
    _settle(db.session.get_one(Product, image.product_id))
    return image


@transactional
def update_image(image: ProductImage, values: dict[str, Any], *, actor: Any) -> ProductImage:
    if values.get("is_main"):
        for other in image.product.images:
            other.is_main = other is image
    with db.session.no_autoflush:
        records.assign(image, values, actor=actor)
    _settle(image.product)
    return image


@transactional
def delete_image(image: ProductImage, *, actor: Any) -> None:
    product = image.product
    trash.put(image, actor=actor)
    _settle(product)


def image_is_back(image: ProductImage, *, actor: Any) -> None:
    """A picture out of the trash goes to the end; the one that has become the main one meanwhile stays it."""
    others = [other for other in image.product.images if other is not image]
    if others:
        image.is_main, image.position = False, len(others)
    _settle(image.product)


def check_image(image: ProductImage | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: for a picture that is neither a file nor an address"""
    if not any(values.get(name, getattr(image, name, None)) for name in ("file_id", "source_url")):
        raise InvalidInput({"file_id": _("Choose a picture, or give its address.")})


def check_video(video: ProductVideo | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: for a film that is neither a file nor a link"""
    if not any(values.get(name, getattr(video, name, None)) for name in ("file_id", "url")):
        raise InvalidInput({"url": _("Choose a video file, or give a link.")})


def _settle(product: Product) -> None:
    db.session.flush()
    db.session.expire(product, ["images"])
    settle_images(product)
    refresh([product])


records.override(ProductImage, create=create_image, update=update_image, delete=delete_image, validate=check_image)
records.override(ProductVideo, validate=check_video)
trash.after_restore(ProductImage, image_is_back)
