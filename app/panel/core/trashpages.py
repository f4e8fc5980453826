"""Where something in the trash is deleted for ever: a page that asks, with a box that has to be ticked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField
from wtforms.validators import InputRequired

from app.panel.core import forms, policy, trash
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.pages import to_login

blueprint = Blueprint("trash", __name__, url_prefix="/trash")


class PurgeForm(forms.PanelForm):
    is_sure = BooleanField(_("I know that nobody can bring this back"), [InputRequired(_("Please confirm."))])


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.route("/<int:entry_id>/purge", methods=["GET", "POST"])
def purge(entry_id: int) -> Any:
    actor = current_actor()
    policy.authorize(actor, trash.PURGE, trash.RESOURCE)
    entry = trash.entry(entry_id, actor)
    view = current_app.extensions["panel_views"].get(current_app.extensions["panel_models"].get(entry.resource))
    if view is None:
        abort(404)
    form = PurgeForm(formdata=request.form if request.method == "POST" else None)
    if request.method == "POST" and form.validate():
        label = trash.purge(entry_id, actor=actor)
        flash(gettext("“%(row)s” is gone for ever.", row=label), "success")
        return redirect(view.url("trash"))
    page = SimpleNamespace(
        title=gettext("Delete for ever"), list_title=gettext("Trash: %(what)s", what=view.title), list_url=view.url("trash"),
        icon="fa-trash-can", tone="danger", rows=[(entry.id, entry.label)], name="purge", has_form=True, next="", one=view.one,
        question=gettext("Rows that go for ever: %(n)s. The history keeps that it was done, and by whom.", n=len(entry.rows)),
        help="", action_url=url_for("trash.purge", entry_id=entry_id), cancel_url=view.url("trash"),
    )  # fmt: skip
    appbuilder = current_app.appbuilder  # type: ignore[attr-defined]
    drawn = render_template("panel/verb.html", page=page, form=form, appbuilder=appbuilder)
    return drawn, 422 if form.errors else 200
