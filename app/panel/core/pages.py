"""Screens that are no tables: consoles, dashboards, wizards. And the gate that every exposed method stands behind."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose

from app.panel.core import policy
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.errors import Forbidden
from app.panel.core.routing import address

PUBLIC = "_panel_public"


def needs(verb: str, resource: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gate of a screen: a visitor is sent to log in, a person without the right gets a 403.

    Without `resource` it is the resource of the view. FAB reads `_permission_name` to know which permissions exist.
    """

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def gate(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor is NOBODY:
                return to_login()
            policy.authorize(actor, verb, resource or self.class_permission_name)
            return func(self, *args, **kwargs)

        gate._permission_name = verb  # type: ignore[attr-defined]
        gate._needs = (verb, resource)  # type: ignore[attr-defined]
        return gate

    return decorate


def logged_in(func: Callable[..., Any]) -> Callable[..., Any]:
    """Gate of a screen that every person has, whatever his rights: his own profile, his notices."""

    @functools.wraps(func)
    def gate(self: Any, *args: Any, **kwargs: Any) -> Any:
        return to_login() if current_actor() is NOBODY else func(self, *args, **kwargs)

    gate._needs = ("", None)  # type: ignore[attr-defined]
    return gate


def public(func: Callable[..., Any]) -> Callable[..., Any]:
    """Say that a route is open to the world on purpose; a test lists them all."""
    setattr(func, PUBLIC, True)
    return func


def to_login() -> Any:
    """To the log-in page and back here; a script gets a 401."""
    if request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json"):
        return {"message": "Log in first."}, 401
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("AuthDBView.login", next=back or None))


class PanelPage(BaseView):
    """A screen of our own. `resource` names whose rights count; methods are exposed behind `needs`."""

    resource: str = ""
    domain_key: str = ""
    noun: str = ""
    title: Any = ""
    stands_under = ""  # the menu entry that is lit up while a page without one of its own is open, by its endpoint
    apart: Mapping[str, str] = {}  # pages of one that belong to the entry of another one: {method: its endpoint}
    is_machine = False  # for programs that sign what they send: no cookie is asked, hence no CSRF token
    default_view = "index"

    def __init__(self) -> None:
        self.class_permission_name = self.resource or f"{self.domain_key}.{self.noun}"
        super().__init__()

    @classmethod
    def endpoint_name(cls) -> str:
        return f"{cls.domain_key}_{cls.noun.lower()}"

    @classmethod
    def get_default_url(cls, **kwargs: Any) -> str:
        endpoint = f"{cls.endpoint_name()}.{cls.default_view}"
        return url_for(endpoint, **kwargs) if kwargs else address(endpoint)

    def render(self, template: str, **context: Any) -> str:
        """Render a page of ours with its title."""
        context.setdefault("title", self.title)
        return render_template(template, appbuilder=self.appbuilder, view=self, **context)

    def describe(self, api_spec: Any) -> None:
        """Add what programs call here to the OpenAPI description; a screen for people has nothing to add."""

    def check(self, verb: str, resource: str | None = None) -> Any:
        """The actor, if he may; for methods that decide inside.

        :raises Forbidden: otherwise
        """
        actor = current_actor()
        policy.authorize(actor, verb, resource or self.class_permission_name)
        return actor



__all__ = ["Forbidden", "PanelPage", "expose", "logged_in", "needs", "public", "to_login"]
