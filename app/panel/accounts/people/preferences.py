"""Language, skin and layout of whoever looks at the screen.

They travel in the session, so that no page asks the database for them; the profile keeps them for the next log-in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, has_request_context, request, session
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.panel.accounts import queries, services
from app.panel.accounts.models import Layout, Skin
from app.panel.core.errors import InvalidInput

LONGEST_WISH = 500


@dataclass(frozen=True)
class Preferences:
    """What the base page needs to know."""

    language: str
    skin: str
    layout: str

    @property
    def html_lang(self) -> str:
        """The language as HTML writes it: `zh-Hans-CN`."""
        return self.language.replace("_", "-")


def current() -> Preferences:
    return Preferences(
        language=language() or current_app.config.get("BABEL_DEFAULT_LOCALE", "en"),
        skin=_choice(Skin, session.get("skin"), Skin.LIGHT),
        layout=_choice(Layout, session.get("layout"), Layout.SIDE),
    )


def language() -> str | None:
    """The locale of this request: chosen, else the browser's wish; None leaves it to the configuration."""
    if not has_request_context():
        return None
    known = languages()
    if (chosen := session.get("language")) in known:
        return str(chosen)
    # of a wish that is longer than any browser's only the beginning is read
    wished = parse_accept_header(request.headers.get("Accept-Language", "")[:LONGEST_WISH], LanguageAccept)
    if asked := wished.best_match([key.replace("_", "-") for key in known]):
        return asked.replace("-", "_")
    # browsers say zh-CN or zh, our catalogue is zh_Hans_CN
    if wished and wished.best.startswith("zh"):
        return next((key for key in known if key.startswith("zh")), None)
    return None


def languages() -> dict[str, Any]:
    return current_app.config.get("LANGUAGES") or {"en": {"name": "English"}}


def recall(user_id: int) -> None:
    """Bring a person's stored choices into the new session; what was chosen on the log-in page goes before nothing."""
    profile = queries.profile(user_id)
    if profile.language:
        session["language"] = profile.language
    session["skin"], session["layout"] = profile.skin, profile.layout
    if profile.must_change:
        session["must_change"] = True


def choose(user_id: int | None, values: dict[str, str]) -> None:
    """Set some of language, skin and layout, for this session and for the next.

    :raises InvalidInput: for a value that is not on offer; nothing is changed then
    """
    offered = {"language": set(languages()), "skin": set(Skin), "layout": set(Layout)}
    for name, value in values.items():
        if value not in offered[name]:
            raise InvalidInput({name: f"{name}: {value[:40]}"})
    if user_id is not None:
        services.set_preferences(user_id, **values)
    session.update(values)


def _choice(kind: type[Skin] | type[Layout], value: object, default: Skin | Layout) -> str:
    return str((kind.of(value) or default).value)
