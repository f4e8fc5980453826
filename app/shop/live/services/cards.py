"""The cards of the items for the host: what is to be said, and what the shop knows of the product (LVP-11)."""

from __future__ import annotations

from typing import Any

from app.panel.core import fields, files, policy, veil
from app.shop.catalog import queries as catalog
from app.shop.catalog.models import Product
from app.shop.live import rules
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.services import board
from app.shop.live.states import ItemKind

PRODUCT = "catalog.Product"


def of_session(session: LiveSession, actor: Any) -> list[dict[str, Any]]:
    """A card for each line, narrowed to what its reader may see."""
    sees, known = policy.allowed(actor, "read", PRODUCT), dict[int, list[Any]]()
    return [_card(item, item.product if sees else None, known) for item in session.items]


def _card(row: LiveItem, product: Product | None, known: dict[int, list[Any]]) -> dict[str, Any]:
    item = veil.seen(row)
    return {
        "item": row, "title": board.title_of(row), "points": rules.lines(item.talking_points),
        "materials": rules.lines(item.materials), "faq": rules.questions(item.faq), "is_demo": row.kind is ItemKind.DEMO,
        "facts": _facts(product, known) if product is not None else [],
        "picture": _picture(product) if product is not None else "",
    }  # fmt: skip


def _facts(product: Product, known: dict[int, list[Any]]) -> list[tuple[str, Any]]:
    """Material, fit, occasions: the answers that its category asks for, and whom it is for."""
    seen = veil.seen(product)
    found = [(str(fields.label_of(Product, name)), getattr(seen, name)) for name in ("audience", "origin")]
    if veil.shows(product, "attributes", "category"):
        key = product.category_id or 0
        if key not in known:
            known[key] = catalog.attributes_of(product.category)
        answers = product.attributes or {}
        asked = [(one.name, answers.get(one.code), one.unit) for one in known[key]]
        found = [(name, f"{value} {unit}" if unit and value not in (None, "") else value) for name, value, unit in asked] + found
    return [(name, value) for name, value in found if value not in (None, "")]


def _picture(product: Product) -> str:
    return files.url(product.main_image_id, "medium") if product.main_image_id and veil.shows(product, "main_image") else ""
