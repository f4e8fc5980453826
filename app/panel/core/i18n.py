"""Languages: every area keeps its own catalogue beside its code; a string is looked for in all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, g
from flask_babel import Domain

from app.panel.core import clock

APP = Path(__file__).resolve().parents[2]


class Words(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, which looks the catalogue up once a request and language and not for each of 300 words."""

    def get_translations(self) -> Any:
        context = getattr(g, "_flask_babel", None) if g else None
        locale, kept = getattr(context, "babel_locale", None), getattr(context, "words", None)
        if kept is not None and kept[0] is locale:
            return kept[1]
        found = super().get_translations()
        if context is not None and (locale := getattr(context, "babel_locale", None)) is not None:
            context.words = (locale, found)
        return found


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


def words_are_no_markup(app: Flask) -> None:
    """Sentences in templates are escaped like all else; to be called when FAB has made its Babel.

    Jinja's new style calls a translation safe. A quotation mark in one then ends the attribute that it stands in, and the
    name that it quotes goes on as attributes of its own.
    """
    words = app.extensions["babel"].instance.domain_instance
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=False, pgettext=words.pgettext, npgettext=words.npgettext
    )
