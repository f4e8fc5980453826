"""Languages: every area keeps its own catalogue beside its code; a string is looked for in all of them."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_babel import gettext, ngettext, npgettext, pgettext

from app.panel.core import clock

APP = Path(__file__).resolve().parents[2]


def folders() -> list[str]:
    """The catalogue folders of all areas, the templates' last so that an area's own word wins."""
    found = sorted(str(path) for path in APP.glob("**/translations") if path.is_dir())
    return sorted(found, key=lambda path: path != str(APP / "translations"))


def init_app(app: Flask) -> None:
    """Tell Flask-Babel where to look; to be called before AppBuilder adds FAB's own folder."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(folders())


def speak_of_time(app: Flask) -> None:
    """Instants are read on the wall of the shop; to be called when FAB has made its Babel."""
    app.extensions["babel"].timezone_selector = lambda: clock.zone().key


def words_are_no_markup(app: Flask) -> None:
    """Sentences in templates are escaped like all else; to be called when FAB has made its Babel.

    Jinja's new style calls a translation safe. A quotation mark in one then ends the attribute that it stands in, and the
    name that it quotes goes on as attributes of its own.
    """
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=False, pgettext=pgettext, npgettext=npgettext
    )
