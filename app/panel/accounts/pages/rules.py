"""Which rows and which fields a role sees of a resource: edited row by row, said in words, counted for a person."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import document as documents
from app.panel.accounts.configuration import rules, store
from app.panel.accounts.models import User
from app.panel.accounts.pages.roles import shown, state_of
from app.panel.accounts.rights import naming, plainrules, rolebook, ruling, wording
from app.panel.core import filters, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, needs

LONGEST = 60_000


@domain.page(_("Rules"), menu=False)
class RulePage(PanelPage):
    """The editors of row rules and field rules; what they keep goes to the draft."""

    route_base = "/accounts/roles"
    resource = "accounts.Role"
    title = _("Rules")

    @expose("/rows/<of>/<path:role_key>", methods=["GET"])
    @needs("read")
    def rows(self, of: str, role_key: str) -> Any:
        document, may_write = shown()
        said = rolebook.entry(role_key, document)["rows"].get(of, [])
        return self._rows(of, role_key, document, may_write, said)

    @expose("/rows/<of>/<path:role_key>", methods=["POST"])
    @needs("write", store.RESOURCE)
    def keep_rows(self, of: str, role_key: str) -> Any:
        said = plainrules.read(request.form, _model(of)) if request.form.get("plain") else _posted()
        if request.form.get("plain") and request.form.get("do"):
            return self._rows(of, role_key, store.draft().document, True, said)
        try:
            rolebook.put_rules(role_key, "rows", of, said, actor=current_actor(), version=_version())
        except DomainError as error:
            if error.status != 422:
                raise
            return self._rows(of, role_key, store.draft().document, True, said, error.message), 422
        flash(gettext("Kept in the draft."), "success")
        return redirect(url_for("accounts_rule.rows", of=of, role_key=role_key))

    @expose("/check/<of>", methods=["POST"])
    @needs("write", store.RESOURCE)
    def check(self, of: str) -> Any:
        """What rules that are not kept yet say, and how many rows they would leave to a person."""
        model, said = _model(of), _posted()
        if problem := rules.problem("rows", of, said):
            return {"problem": problem}
        person = _person(request.form.get("person"))
        return {"words": wording.rows_said(said, of), "sees": ruling.sees(model, said, person, current_actor()) if person else None}

    @expose("/fields/<of>/<path:role_key>", methods=["GET"])
    @needs("read")
    def fields(self, of: str, role_key: str) -> Any:
        document, may_write = shown()
        return self._fields(of, role_key, document, may_write)

    @expose("/fields/<of>/<path:role_key>", methods=["POST"])
    @needs("write", store.RESOURCE)
    def keep_fields(self, of: str, role_key: str) -> Any:
        names = rules.field_names(_model(of))
        said = {name: level for name in names if (level := request.form.get(f"field-{name}", documents.WRITE)) != documents.WRITE}
        try:
            rolebook.put_rules(role_key, "fields", of, said, actor=current_actor(), version=_version())
        except DomainError as error:
            if error.status != 422:
                raise
            flash(error.message, "danger")
            return self._fields(of, role_key, store.draft().document, True), 422
        flash(gettext("Kept in the draft."), "success")
        return redirect(url_for("accounts_rule.fields", of=of, role_key=role_key))

    def _rows(
        self, of: str, key: str, document: dict[str, Any], may_write: bool, said: list[dict[str, Any]], problem: str = ""
    ) -> str:
        model, people = _model(of), ruling.people_for(key)
        person = _person(request.values.get("person")) or next(iter(people), None)
        is_fine, actor = not rules.problem("rows", of, said), current_actor()
        return self.render(
            "accounts/rows.html", title=gettext("Rows: %(what)s", what=_label(of)), key=key, of=of, may_write=may_write,
            role=rolebook.label(key, document), state=state_of(may_write), people=people, person=person, problem=problem,
            words=wording.rows_said(said, of) if is_fine else "", code=ruling.code_says(model),
            sees=ruling.sees(model, said, person, actor) if person and is_fine else None,
            plain=plainrules.shown(model, said, actor), plain_fields=plainrules.fields(model),
            data={"rules": said, "fields": _offered(model), "periods": [[k, str(label)] for k, label in filters.PERIODS.items()]},
        )  # fmt: skip

    def _fields(self, of: str, key: str, document: dict[str, Any], may_write: bool) -> str:
        model, entry = _model(of), rolebook.entry(key, document)
        old = (store.published()["roles"].get(key) or documents.new_role())["fields"].get(of, {})
        levels, held = entry["fields"].get(of, {}), set(entry["rights"].get(of, ()))
        return self.render(
            "accounts/fields.html", title=gettext("Fields: %(what)s", what=_label(of)), key=key, of=of, may_write=may_write,
            role=rolebook.label(key, document), state=state_of(may_write),
            fields=[ruling.field_row(model, name, of, held, levels.get(name), old.get(name)) for name in ruling.fields_of(model)],
        )  # fmt: skip


def _label(of: str) -> str:
    return str(naming.resources().get(of) or naming.spoken_name(of))


def _model(of: str) -> type[Any]:
    model = rules.model_of(of)
    if model is None:
        raise NotFound(gettext("“%(name)s” has no rows and fields.", name=of[:60]))
    return model


def _posted() -> list[dict[str, Any]]:
    """The rules that the editor sends, as JSON."""
    text = request.form.get("rules", "")
    try:
        given = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, list) or not all(isinstance(rule, dict) and set(rule) <= {"note", "filter"} for rule in given):
        raise BadRequest(gettext("This request cannot be understood."))
    return [{"note": str(rule.get("note") or ""), "filter": rule.get("filter") or {}} for rule in given]


def _person(text: str | None) -> User | None:
    """Somebody whom this reader may see."""
    if not text or not text.isdecimal() or len(text) > 9 or not policy.allowed(current_actor(), "read", "accounts.User"):
        return None
    return db.session.get(User, int(text))


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _offered(model: type[Any]) -> list[dict[str, Any]]:
    """What a condition may ask about: the fields of the rows, then those of the rows that they point at."""
    return [ruling.offered(model, name) for name in ruling.condition_names(model)]
