"""Parts of every page that are the same for all who read the same language: drawn once, then looked up.

`panel_kept("panel/_top_parts.html", "appearance", "dark", "side")` is what the macro draws of these arguments. A macro
that is kept so sees nothing but its arguments, the language and the place of the panel below its host.
"""

from __future__ import annotations

import functools
import json
import re
import secrets
from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, current_app, g, request
from flask_babel import get_locale
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from app.panel.core.security import csrf_token

MOST_KEPT, MOST_FRAMES = 500, 300
WORD = f"\ue000{secrets.token_hex(8)}"  # nobody can type what stands for something in a frame
MARK = re.compile(f"{WORD}([a-z]+);")


def mark(name: str) -> Markup:
    """What stands for something while a part is drawn that others will see too."""
    return Markup(f"{WORD}{name};")  # noqa: S704 — letters of ours


TOKEN, HERE, TOP = mark("token"), mark("here"), mark("top")


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(panel_kept=kept, panel_framed=framed, panel_here=HERE, panel_top_key=top_key, panel_hole=hole)


def kept(template: str, macro: str, *given: Hashable) -> Any:
    """What a macro of a template draws of these arguments, in the language of the reader."""
    return remembered(
        lambda: getattr(current_app.jinja_env.get_template(template).module, macro)(*given), template, macro, given
    )


def remembered(make: Callable[[], Any], *key: Hashable, most: int = MOST_KEPT, kind: str = "panel_fragments") -> Any:
    """What was made under this key before, in the language of the reader; the key names whatever else decides it."""
    made: dict[Hashable, Any] = current_app.extensions.setdefault(kind, {})
    place = _place(key)
    if (found := made.get(place)) is None:
        if len(made) >= most:
            made.clear()
        found = made[place] = make()
    return found


def found(kind: str, *key: Hashable) -> Any:
    """What was remembered of this kind under this key; None where nothing was."""
    return current_app.extensions.get(kind, {}).get(_place(key))


_language = functools.lru_cache(maxsize=100)(str)  # Babel puts the name of a language together anew each time


def _place(key: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    return _language(get_locale()), request.script_root if request else "", *key


def is_marked() -> bool:
    """Is a page drawn with marks in the places that differ from reader to reader?"""
    return "panel_marked" in g


def hole(name: str, value: Any) -> Any:
    """A value that differs from reader to reader: `{{ panel_hole("user", panel_user.id) }}`."""
    return mark(name) if is_marked() else value


def framed(key: tuple[Hashable, ...] | None, here: str = "", *, caller: Callable[[], Any]) -> Markup:
    """A part of a page that readers with the same key share: `{% call panel_framed(("top", …), request.full_path) %}`.

    The token against forged requests may stand in it, and `panel_here` for the address of the page; both are put in anew
    each time. Nothing is kept without a key.
    """
    if is_marked():  # the bar names its reader; whatever else is framed is kept with the page around it
        return TOP if key is not None and key[0] == "top" else Markup(caller())  # noqa: S704 — drawn by a template
    text: str = (
        _with_marks(caller) if key is None
        else remembered(lambda: _with_marks(caller), *key, most=MOST_FRAMES, kind="panel_frames")
    )  # fmt: skip
    return Markup(filled(text, here))  # noqa: S704 — drawn by a template


def filled(text: str, here: str) -> str:
    return text.replace(TOKEN, csrf_token()).replace(HERE, escape(here))


def top_key(
    urls: dict[str, str], reader: dict[str, Any], unread: int, colours: str, shape: str
) -> tuple[Hashable, ...] | None:  # fmt: skip
    """What decides how the bar above every page looks; on the page of the search what is looked for stands in it."""
    if request.path == urls.get("search"):
        return None
    return ("top", *reader.values(), unread, colours, shape, *urls.items())


def _with_marks(caller: Callable[[], Any]) -> str:
    token = csrf_token()
    g.csrf_token = TOKEN
    try:
        return str(caller())
    finally:
        g.csrf_token = token


def as_json(value: Any) -> Markup:
    """A value for a script element of type application/json."""
    return htmlsafe_json_dumps(value, json.dumps, ensure_ascii=False, separators=(",", ":"))
