"""Pages that all readers share for whom they look alike, but for a few places: the shell is drawn once, then filled.

While a shell is drawn, a mark stands in each of those places: for the rows, for the bar with the reader's name, for the
token against forged requests. What is told to one reader once, a message, a question, a banner, makes his page his own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from flask import Flask, current_app, g, get_flashed_messages, request, session

from app.panel.core import fragments, menu
from app.panel.core.security import csp_nonce, csrf_token

MOST_SHELLS = 60
Key = tuple[Hashable, ...]
# of what every template gets, what stands in no shell; all the rest decides how one looks
ELSEWHERE = frozenset({
    "g", "request", "session", "current_user", "csrf_token", "csrf_meta_tag", "panel_user", "notices_unread", "panel_urls",
    "account_urls", "languages",
})  # fmt: skip


def init_app(app: Flask) -> None:
    app.jinja_env.globals["panel_nav"] = nav


def nav() -> Any:
    """The menu of the reader."""
    return fragments.hole("menu", None) if fragments.is_marked() else menu.drawn()


def page(key: Key | None, draw: Callable[[], str], marked: Callable[[], str], holes: Mapping[str, str]) -> str:
    """A page put together from its shell, or drawn whole where it is for one reader alone.

    :param key: what decides how it looks, but for what stands around every page; None where nobody else gets the same
    :param marked: draws it with a mark in each of its holes
    :param holes: what stands in them, with `here` for the address of the page, and all of it escaped
    """
    around = _around() if key is not None else None
    if key is None or around is None:
        return draw()
    reader, bar, decided = around
    top: str | None = fragments.found("panel_frames", *bar)
    if top is None:  # it is drawn with the first page of this reader
        return draw()
    pieces = fragments.remembered(lambda: _pieces(marked), *decided, *key, most=MOST_SHELLS, kind="panel_shells")
    own = {
        "token": csrf_token(), "nonce": csp_nonce(), "user": str(reader), "menu": str(menu.drawn()),
        "top": fragments.filled(top, request.full_path), **holes,
    }  # fmt: skip
    pieces = [*pieces]
    pieces[1::2] = [own[name] for name in pieces[1::2]]
    return "".join(pieces)


def _around() -> tuple[Any, Key, Key] | None:
    """The reader, what decides how his bar looks, and what else stands around this page; None where it is his alone."""
    question: Any = current_app.jinja_env.globals.get("configuration_question")
    if current_app.debug or "saved" in session or get_flashed_messages() or (question is not None and question()):
        return None
    context: dict[str, Any] = {}
    current_app.update_template_context(context)
    reader, urls = context.get("panel_user"), context.get("panel_urls")
    if not reader or not urls:
        return None
    rest = (request.cookies.get("panel_rail") == "1", *urls.items(), *(one for one in context.items() if one[0] not in ELSEWHERE))
    bar = fragments.top_key(urls, reader, context["notices_unread"], context["skin"], context["layout"])
    return None if bar is None else (reader["id"], bar, rest)


def _pieces(marked: Callable[[], str]) -> list[str]:
    """What is drawn, cut at its marks: text, the name of a hole, text, …"""
    nonce, token = csp_nonce(), csrf_token()
    g.csp_nonce, g.csrf_token, g.panel_marked = fragments.mark("nonce"), fragments.TOKEN, True
    try:
        return fragments.MARK.split(marked())
    finally:
        g.csp_nonce, g.csrf_token = nonce, token
        g.pop("panel_marked")
