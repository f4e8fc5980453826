"""What the columns of previews and the lines of sums are called, where a layout has no words of its own."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk.importers import Importer

COMMON: dict[str, Any] = {
    "number": _("Number"), "lines": _("Lines"), "state": _("State"), "total": _("Total"), "kept": _("Kept"),
    "price": _("Prices"), "name": _("Name"), "phone": _("Phone"), "email": _("E-mail"), "key": _("Matched by"),
}  # fmt: skip


def word(importer: Importer | None, name: str) -> str:
    own = importer.words if importer is not None else {}
    return str(own.get(name) or COMMON.get(name) or name)
