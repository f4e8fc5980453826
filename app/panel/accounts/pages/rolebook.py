"""One role: what it is called and for, all that it may do, who has it; how one is made and deleted."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.accounts import domain
from app.panel.accounts.configuration import document as documents
from app.panel.accounts.configuration import store
from app.panel.accounts.models import Role, full_name
from app.panel.accounts.pages.roles import shown, state_of
from app.panel.accounts.rights import matrix, rolebook, wording
from app.panel.accounts.rights.roleforms import RoleForm
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.pages import PanelPage, expose, needs


@domain.page(_("Roles"), menu=False)
class RolebookPage(PanelPage):
    """The pages of single roles. Everything that is written here goes to the draft."""

    route_base = "/accounts/roles"
    resource = "accounts.Role"
    title = _("Roles")

    @expose("/new", methods=["GET", "POST"])
    @needs("write", store.RESOURCE)
    def new(self) -> Any:
        document = store.draft().document
        form = RoleForm(start=request.args.get("like", ""))
        form.offer(_starts(document))
        del form.two_step, form.reveals_a_day
        if request.method == "POST" and form.validate():
            kind, _colon, start = form.start.data.partition(":")
            begin = {"template": start} if kind == rolebook.FROM_TEMPLATE else {"like": start} if start else {}
            try:
                key = rolebook.make(actor=current_actor(), names=form.names(), descriptions=form.descriptions(), **begin)
                flash(gettext("The role is in the draft. Say what it may do, look at the panel as it, and publish."), "success")
                return redirect(url_for("accounts_rolebook.show", role_key=key))
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        page = self.render("accounts/role_new.html", title=gettext("New role"), form=form, names=_texts())
        return page, 422 if request.method == "POST" else 200

    @expose("/role/<path:role_key>")
    @needs("read")
    def show(self, role_key: str) -> Any:
        document, may_write = shown()
        return self._page(role_key, document, may_write, _form(role_key, document))

    @expose("/role/<path:role_key>/settings", methods=["POST"])
    @needs("write", store.RESOURCE)
    def settings(self, role_key: str) -> Any:
        document, form, status = store.draft().document, RoleForm(), 422
        rolebook.entry(role_key, document)
        form.offer([])
        del form.start
        if form.validate():
            try:
                rolebook.describe(
                    role_key, actor=current_actor(), names=form.names(), descriptions=form.descriptions(),
                    two_step=bool(form.two_step.data), reveals_a_day=form.reveals_a_day.data or 0, version=_version(),
                )  # fmt: skip
                flash(gettext("Kept in the draft."), "success")
                return redirect(url_for("accounts_rolebook.show", role_key=role_key))
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem, status = error.message, error.status
        return self._page(role_key, document, True, form), status

    @expose("/role/<path:role_key>/rights", methods=["POST"])
    @needs("write", store.RESOURCE)
    def rights(self, role_key: str) -> Any:
        """All rights of the role at once, as they are ticked: the way without a script."""
        ticked: dict[str, list[str]] = {}
        for text in request.form.getlist("right"):
            verb, _space, resource = text.partition(" ")
            ticked.setdefault(resource, []).append(verb)

        def wanted(held: matrix.Rights) -> matrix.Rights:
            return {resource: ticked.get(resource, []) for resource in {*held, *ticked}}

        rolebook.change_rights(role_key, wanted, actor=current_actor(), version=_version())
        flash(gettext("Kept in the draft."), "success")
        return redirect(url_for("accounts_rolebook.show", role_key=role_key))

    @expose("/role/<path:role_key>/delete", methods=["POST"])
    @needs("write", store.RESOURCE)
    def delete(self, role_key: str) -> Any:
        try:
            rolebook.delete(role_key, actor=current_actor(), version=_version())
        except DomainError as error:
            if error.status != 422:
                raise
            flash(error.message, "danger")
            return redirect(url_for("accounts_rolebook.show", role_key=role_key))
        flash(gettext("The role is taken out of the draft. It is gone when the draft is published."), "success")
        return redirect(url_for("accounts_role.index"))

    def _page(self, key: str, document: dict[str, Any], may_write: bool, form: RoleForm) -> str:
        entry, old = rolebook.entry(key, document), store.published()["roles"].get(key)
        is_chief = key == policy.ADMINISTRATOR
        return self.render(
            "accounts/role.html", title=rolebook.label(key, document), key=key, form=form, people=_people(key),
            names=[*_texts(), *(() if is_chief else ("reveals_a_day",)), "two_step"], is_chief=is_chief, is_new=old is None,
            description=rolebook.description(key, document), may_write=may_write, state=state_of(may_write),
            groups=[] if is_chief else _groups(key, entry, old), rules=wording.rules_of(entry), may_read_people=_may_read_people(),
        )  # fmt: skip


def _texts() -> list[str]:
    """The fields for name and purpose, the reader's own language first."""
    languages = sorted(documents.LANGUAGES, key=lambda language: language != str(get_locale()))
    return [f"{part}_{language}" for part in ("label", "description") for language in languages]


def _form(key: str, document: dict[str, Any]) -> RoleForm:
    entry = rolebook.entry(key, document)
    texts = {
        f"{part}_{language}": entry[part].get(language, "")
        for part in ("label", "description") for language in documents.LANGUAGES
    }  # fmt: skip
    form = RoleForm(formdata=None, two_step=entry["two_step"], reveals_a_day=entry["reveals_a_day"], **texts)
    known = policy.REGISTRY.roles.get(key)
    if known is not None:
        form.say_what_code_says(known.label, known.description)
    return form


def _starts(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What a new role can begin as: a template of the house, a copy of a role, or nothing."""
    made = [
        (f"{rolebook.FROM_TEMPLATE}:{key}", gettext("As delivered: %(role)s", role=label))
        for key, label in rolebook.templates().items()
    ]
    copies = [
        (f"{rolebook.FROM_ROLE}:{key}", gettext("Copy of %(role)s, with its rules", role=rolebook.label(key, document)))
        for key in rolebook.in_order(document)
    ]
    return [("", gettext("With no rights")), *made, *copies]


def _people(key: str) -> list[dict[str, Any]]:
    role = db.session.scalar(select(Role).where(Role.name == key))
    found = sorted(role.user, key=full_name) if role is not None else []
    return [{"name": full_name(user), "url": f"/accounts/user/show/{user.id}", "id": user.id} for user in found]


def _may_read_people() -> bool:
    return policy.allowed(current_actor(), "read", "accounts.User")


def _groups(key: str, entry: dict[str, Any], old: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Every part of every line with its verbs to tick."""
    was = old["rights"] if old else {}
    found = []
    for group in matrix.groups():
        parts = [part for line in group.lines for part in line.parts]
        rows = [
            {
                "label": part.label, "resource": part.resource,
                "verbs": [
                    {"value": f"{verb} {part.resource}", "word": word, "on": verb in entry["rights"].get(part.resource, ())}
                    for verb, word in part.words(entry["rights"].get(part.resource, ()))
                ],
                "changed": set(entry["rights"].get(part.resource, ())) != set(was.get(part.resource, ())),
                "rows_url": url_for("accounts_rule.rows", of=part.resource, role_key=key),
                "fields_url": url_for("accounts_rule.fields", of=part.resource, role_key=key),
                "has_rows": part.resource in entry["rows"], "has_fields": part.resource in entry["fields"],
            }
            for part in parts
        ]  # fmt: skip
        count = sum(verb["on"] for row in rows for verb in row["verbs"])
        found.append({"key": group.key, "label": group.label, "rows": rows, "count": count})
    return found


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None
