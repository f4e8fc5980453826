"""Hands the menu of the configuration in force to the core, which shows it."""

from __future__ import annotations

from app.panel.accounts.configuration import document, store
from app.panel.core.menu import Arrangement


def arrangement() -> Arrangement:
    """The published menu, or the one that this request looks at beforehand."""
    preview = store.previewed()
    if preview is not None:
        return Arrangement(f"preview {document.digest(preview['menu'])}", *_parts(preview))
    _key, digest = store.holding()
    return Arrangement(digest, *_parts(store.published()))


def _parts(configuration: document.Document) -> tuple[list[document.Document], document.Document]:
    menu = configuration["menu"]
    return menu["entries"], menu.get("modules", {})
