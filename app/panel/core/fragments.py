"""Parts of every page that are the same for all who read the same language: drawn once, then looked up.

`panel_kept("panel/_top_parts.html", "appearance", "dark", "side")` is what the macro draws of these arguments. A macro
that is kept so sees nothing but its arguments, the language and the place of the panel below its host.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import Flask, current_app, request
from flask_babel import get_locale

MOST_KEPT = 200


def init_app(app: Flask) -> None:
    app.jinja_env.globals["panel_kept"] = kept


def kept(template: str, macro: str, *given: Hashable) -> Any:
    """What a macro of a template draws of these arguments, in the language of the reader."""
    drawn: dict[Hashable, Any] = current_app.extensions.setdefault("panel_fragments", {})
    key = (str(get_locale()), request.script_root if request else "", template, macro, given)
    if (found := drawn.get(key)) is None:
        if len(drawn) >= MOST_KEPT:
            drawn.clear()
        found = drawn[key] = getattr(current_app.jinja_env.get_template(template).module, macro)(*given)
    return found
