"""Languages: every area keeps its own catalogue beside its code; a string is looked for in all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_babel
from flask import Flask
from flask.globals import app_ctx
from flask_babel import Domain

from app.panel.core import clock

APP = Path(__file__).resolve().parents[2]


class Words(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, which looks the catalogue up once a request and language and not for each of 300 words."""

    def get_translations(self) -> Any:
        notes = _notes()
        kept = notes.get("words")
        if kept is not None and kept[0] is notes.get("babel_locale"):
            return kept[1]
        found = super().get_translations()
        notes = _notes()
        if (locale := notes.get("babel_locale")) is not None:
            notes["words"] = (locale, found)
        return found


def _notes() -> dict[str, Any]:
    """What Flask-Babel keeps for the request at hand: `babel_locale`, `babel_domain`; empty outside of one.

    Read past `g`, of which each question costs as much as the word that is looked for.
    """
    try:
        context = app_ctx._get_current_object().g.__dict__  # type: ignore[attr-defined]
    except RuntimeError:
        return {}
    return vars(context["_flask_babel"]) if "_flask_babel" in context else {}


_ask_babel = flask_babel.get_domain


def _domain() -> Domain:
    """`flask_babel.get_domain`, which every word asks, without its four questions to `g`."""
    return _notes().get("babel_domain") or _ask_babel()


def folders() -> list[str]:
    """The catalogue folders of all areas, the templates' last so that an area's own word wins."""
    found = sorted(str(path) for path in APP.glob("**/translations") if path.is_dir())
    return sorted(found, key=lambda path: path != str(APP / "translations"))


def init_app(app: Flask) -> None:
    """Tell Flask-Babel where to look; to be called before AppBuilder adds FAB's own folder."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(folders())


def speak(app: Flask) -> None:
    """Words by our own domain, instants on the wall of the shop; to be called when FAB has made its Babel."""
    babel = app.extensions["babel"].instance
    babel.domain_instance = Words(domain=babel.domain)
    app.extensions["babel"].timezone_selector = lambda: clock.zone().key
    app.jinja_env.globals["shop_zone"] = lambda: clock.zone().key
    flask_babel.get_domain = _domain


def words_are_no_markup(app: Flask) -> None:
    """Sentences in templates are escaped like all else; to be called when FAB has made its Babel.

    Jinja's new style calls a translation safe. A quotation mark in one then ends the attribute that it stands in, and the
    name that it quotes goes on as attributes of its own.
    """
    words = app.extensions["babel"].instance.domain_instance
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=False, pgettext=words.pgettext, npgettext=words.npgettext
    )
    app.jinja_env.globals["_"] = words.gettext  # Jinja's own asks the context for `gettext` at every word
