"""What the pages of one's own account share: who it is, and the tabs above them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, request
from flask_babel import gettext
from flask_login import current_user

from app.panel.accounts import queries
from app.panel.accounts.models import User
from app.panel.core.db import db
from app.panel.core.pages import PanelPage

Tab = tuple[str, str, str]
_more: list[Callable[[], Tab | None]] = []


def tab(build: Callable[[], Tab | None]) -> Callable[[], Tab | None]:
    """Contribute a tab: (key, label, url), or None for a reader who has none."""
    _more.append(build)
    return build


class OwnPage(PanelPage):
    """A page of "My account"."""

    def own(self, template: str, here: str, **context: Any) -> str:
        """The page of a tab, or with a title of its own a step below that tab."""
        found = [
            ("profile", gettext("Profile"), "/account/"), ("password", gettext("Password"), "/account/password/"),
            ("security", gettext("Two-step log-in"), "/account/security/"),
            ("sessions", gettext("My devices"), "/account/sessions/"), ("logins", gettext("Log-ins"), "/account/logins/"),
        ]  # fmt: skip
        found += [entry for build in _more if (entry := build()) is not None]
        tabs = [{"label": label, "url": url, "active": key == here} for key, label, url in found]
        roles = [str(queries.role_label(role.name)) for role in queries.in_order(current_user.roles)]
        way_back = [{"label": gettext("My account"), "url": "/account/"}] if "title" in context else []
        way_back += [{"label": label, "url": url} for key, label, url in found if way_back and key == here]
        context.setdefault("title", next(label for key, label, _url in found if key == here))
        return self.render(template, tabs=tabs, person=current_user, roles=roles, way_back=way_back, **context)


def me() -> User:
    """The account of whoever looks at the screen."""
    user = db.session.get(User, current_user.id)
    if user is None:
        abort(403)
    return user


def status_of(form: Any) -> int:
    return 422 if form.errors or (request.method == "POST" and form.problem) else 200
