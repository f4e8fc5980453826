"""Parts of every page that are the same for all who read the same language: drawn once, then looked up.

`panel_kept("panel/_top_parts.html", "appearance", "dark", "side")` is what the macro draws of these arguments. A macro
that is kept so sees nothing but its arguments, the language and the place of the panel below its host.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, current_app, request
from flask_babel import get_locale
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

MOST_KEPT = 500


def init_app(app: Flask) -> None:
    app.jinja_env.globals["panel_kept"] = kept


def kept(template: str, macro: str, *given: Hashable) -> Any:
    """What a macro of a template draws of these arguments, in the language of the reader."""
    return remembered(
        lambda: getattr(current_app.jinja_env.get_template(template).module, macro)(*given), template, macro, given
    )


def remembered(make: Callable[[], Any], *key: Hashable) -> Any:
    """What was made under this key before, in the language of the reader; the key names whatever else decides it."""
    made: dict[Hashable, Any] = current_app.extensions.setdefault("panel_fragments", {})
    place = (str(get_locale()), request.script_root if request else "", *key)
    if (found := made.get(place)) is None:
        if len(made) >= MOST_KEPT:
            made.clear()
        found = made[place] = make()
    return found


def as_json(value: Any) -> Markup:
    """A value for a script element of type application/json."""
    return htmlsafe_json_dumps(value, json.dumps, ensure_ascii=False, separators=(",", ":"))
