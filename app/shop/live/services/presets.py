"""The buttons that every instance begins with; all of them can be changed or taken out of use."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.live.models import LivePreset
from app.shop.live.states import PresetKind


@transactional
def ensure() -> None:
    """Add the usual presets where there are none at all."""
    if db.session.scalar(select(LivePreset.id).limit(1)) is not None:
        return
    for place, (kind, name, values) in enumerate(usual(), 1):
        db.session.add(LivePreset(kind=kind, name=name, position=place, **values))


def usual() -> list[tuple[PresetKind, str, dict[str, Any]]]:
    return [
        (PresetKind.COUPON, _("Coupon, 5 percent off"), {"percent": 5, "quantity": 100, "per_person": 1, "minutes": 30}),
        (PresetKind.FLASH, _("Flash sale, 20 percent off"), {"percent": 20, "quantity": 30, "per_person": 1, "minutes": 5}),
        (PresetKind.FIRST, _("First 100 orders, 10 percent off"), {"percent": 10, "quantity": 100}),
        (PresetKind.FREE, _("Free order of the first 5 minutes"), {"quantity": 1, "minutes": 5, "of_item": False}),
    ]


def validate(preset: LivePreset | None, values: dict[str, Any]) -> None:
    """Each kind has what it needs: pressed on air, nothing is missing."""

    def held(name: str) -> Any:
        return values[name] if name in values else getattr(preset, name, None)

    errors = {}
    kind = PresetKind(held("kind"))
    if not held("quantity"):
        errors["quantity"] = _("This is needed.")
    if kind in (PresetKind.FLASH, PresetKind.FREE) and not held("minutes"):
        errors["minutes"] = _("This is needed.")
    if kind is not PresetKind.FREE:
        field = "amount" if kind is PresetKind.COUPON else "price"
        if bool(held(field)) == bool(held("percent")):
            errors[field] = _("Say one of these: an amount, or percent.")
    if errors:
        raise InvalidInput(errors)
