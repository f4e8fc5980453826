"""A shop's logo: square, at least 400 pixels, with a note where it comes from; another shape can be cut."""

from __future__ import annotations

import io
from typing import Any

from flask_babel import gettext as _

from app.panel.core import files, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.files import File
from app.panel.core.transaction import transactional
from app.shop.setup import rules
from app.shop.setup.models import Shop

CUTS = ("start", "middle", "end")


def check_logo(file_id: int) -> None:
    """:raises InvalidInput: when the picture is too small or not square; a large enough one may be cut"""
    file = db.session.get(File, file_id)
    problem = rules.logo_problem(file.width or 0, file.height or 0) if file else _("This picture cannot be read.")
    if problem:
        raise InvalidInput({"logo_id": problem})


def can_be_cut(file: File) -> bool:
    """Is the offer of a cut any use: is the largest square in it large enough?"""
    return min(file.width or 0, file.height or 0) >= rules.LOGO_SIDE


@transactional
def set_logo(shop: Shop, file: File, *, actor: Any, source: Any = None, licence: str | None = None) -> Shop:
    """:raises InvalidInput: see `check_logo`"""
    policy.authorize(actor, "write", "setup.Shop")
    check_logo(file.id)
    shop.logo_id = file.id
    if source is not None:
        shop.logo_source = source
    if licence is not None:
        shop.logo_licence = licence
    history.record(shop, "shop.logo_changed", actor=actor)
    return shop


@transactional
def crop_logo(shop: Shop, file: File, where: str, *, actor: Any, **rights: Any) -> Shop:
    """Cut the largest square out of a picture, from its start, middle or end, and take it as the logo."""
    policy.authorize(actor, "write", "setup.Shop")
    if where not in CUTS:
        raise DomainError(_("Choose where to cut."))
    if not can_be_cut(file):
        check_logo(file.id)
    return set_logo(shop, _cut(file, where, actor), actor=actor, **rights)


def _cut(file: File, where: str, actor: Any) -> File:
    buffer = io.BytesIO()
    upright = files.upright(files.path_of(file.token))
    width, height = upright.size
    square = upright.crop(rules.crop_box(width, height, where))
    square.convert("RGBA" if "A" in square.getbands() else "RGB").save(buffer, "PNG")
    buffer.seek(0)
    return files.store(buffer, f"logo-{file.name.rsplit('.', 1)[0]}.png", actor=actor)
