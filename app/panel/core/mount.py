"""Puts what the domains declared on the application: screens, REST APIs, sheets, templates, static files, commands."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click
from flask import Blueprint, Flask
from flask_admin.form import upload
from flask_appbuilder import AppBuilder, filemanager
from sqlalchemy import inspect

from app.panel.core import files, security
from app.panel.core.api import PanelApi, api_for
from app.panel.core.db import PanelModel
from app.panel.core.domain import Domain
from app.panel.core.fields import resource_of
from app.panel.core.interface import PanelInterface
from app.panel.core.late import Late
from app.panel.core.pages import PanelPage
from app.panel.core.views import PanelView

for _module in (filemanager, upload):  # they would load Pillow, 3 MB of every process, to know that it is there
    _module.Image, _module.ImageOps = Late("PIL.Image"), Late("PIL.ImageOps")


class PanelBuilder(AppBuilder):
    """FAB's builder without the pages that it brings along: a way back, a choice of language, an API of its menu."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()

    def register_blueprint(self, baseview: Any, endpoint: str | None = None, static_folder: str | None = None) -> None:
        """As FAB, and forgets how: each view is one application's, and what would register it again is 1 kB a route."""
        super().register_blueprint(baseview, endpoint=endpoint, static_folder=static_folder)
        baseview.blueprint.deferred_functions.clear()


def mount(app: Flask, appbuilder: AppBuilder, domains: list[Domain]) -> None:
    """Register all entries; `app.extensions` then answers which view shows a model, and which model a resource is."""
    app.extensions["panel_domains"] = domains
    app.extensions["panel_views"], app.extensions["panel_view_of"] = {}, {}
    app.extensions["panel_models"] = {resource_of(m.class_): m.class_ for m in PanelModel.registry.mappers}
    app.jinja_env.globals["file_cell"] = files.cell
    for domain in domains:
        _blueprint(app, domain)
        for entry in domain.entries:
            _add(app, appbuilder, entry.view)
        _commands(app, domain)


def _blueprint(app: Flask, domain: Domain) -> None:
    app.register_blueprint(
        Blueprint(
            domain.key, domain.package, template_folder="templates", static_folder="static",
            static_url_path=f"/static/{domain.key}",
        )
    )  # fmt: skip


def _add(app: Flask, appbuilder: AppBuilder, cls: type[Any]) -> None:
    if not issubclass(cls, PanelView | PanelPage | PanelApi):
        raise TypeError(f"{cls.__name__} derives from a class of the package; use PanelView, PanelPage or PanelApi")
    if issubclass(cls, PanelView) and not isinstance(cls.datamodel, PanelInterface):
        raise TypeError(f"{cls.__name__} reads its rows past the policy; give it a PanelInterface")
    view = appbuilder.add_view_no_menu(cls, endpoint=cls.endpoint_name())
    app.extensions["panel_view_of"][cls] = view
    if getattr(cls, "is_machine", False):
        security.machine_facing(app, cls.endpoint_name())
    if isinstance(view, PanelView):
        app.extensions["panel_views"].setdefault(view.model, view)
        inspect(view.model)  # a relation that cannot be resolved stops the start
        appbuilder.add_view_no_menu(api_for(view), endpoint=f"api_{view.endpoint}")


def _commands(app: Flask, domain: Domain) -> None:
    name = f"{domain.package}.cli"
    if find_spec(name) is None:
        return
    commands = [value for value in vars(import_module(name)).values() if isinstance(value, click.Command)]
    inside = {id(part) for group in commands if isinstance(group, click.Group) for part in group.commands.values()}
    for command in commands:
        if id(command) not in inside:  # `flask accounts link` is not `flask link`
            app.cli.add_command(command)
