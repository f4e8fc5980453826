"""Roles across, what one can do down: the matrix, and one cell of it."""

from __future__ import annotations

import json
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import store
from app.panel.accounts.rights import matrix, rolebook
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.errorpages import wants_json
from app.panel.core.errors import BadRequest
from app.panel.core.pages import PanelPage, expose, needs


@domain.page(_("Roles"), icon="fa-user-shield", order=20)
class RolePage(PanelPage):
    """Who may do what, in plain words. Who may write the configuration sees and changes its draft."""

    route_base = "/accounts/roles"
    resource = "accounts.Role"
    title = _("Roles")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        document, may_write = shown()
        before, found = store.published(), matrix.groups()
        keys = rolebook.in_order(document)
        chosen = [key for key in request.args.getlist("role") if key in keys] or matrix.as_many_as_read(found, keys)
        q = request.args.get("q", "").strip()[:80]
        return self.render(
            "accounts/matrix.html", may_write=may_write, q=q, state=state_of(may_write), columns=_columns(document, chosen),
            others=[{"key": key, "label": rolebook.label(key, document), "chosen": key in chosen} for key in keys],
            groups=[_group(group, chosen, document, before, q) for group in found if _matches(group, q)],
            administrator={
                "label": rolebook.label(policy.ADMINISTRATOR, document), "count": rolebook.holders().get(policy.ADMINISTRATOR, 0),
                "url": url_for("accounts_rolebook.show", role_key=policy.ADMINISTRATOR),
            },
        )  # fmt: skip

    @expose("/cell")
    @needs("read")
    def cell(self) -> Any:
        """What a cell holds in detail: every part of the line with its verbs."""
        document, may_write = shown()
        role, line = request.args.get("role", ""), matrix.line_of(request.args.get("line", ""))
        entry, old = rolebook.entry(role, document), store.published()["roles"].get(role)
        parts = [_part(part, role, entry, old) for part in line.parts]
        words = {"role": rolebook.label(role, document), "line": line.label, "may_write": may_write}
        return {**words, "parts": parts, "version": store.draft().version}

    @expose("/cell", methods=["POST"])
    @needs("write", store.RESOURCE)
    def change(self) -> Any:
        """Set one cell to a level, tick one verb, or put back what an answer said was there before."""
        form, line = request.form, matrix.line_of(request.form.get("line", ""))
        role = form.get("role", "")
        before = rolebook.entry(role, store.draft().document)
        was = matrix.rights_of(line, before)
        wanted = _wanted(form, line)
        draft = rolebook.change_rights(role, wanted, actor=current_actor(), version=_number(form.get("version")))
        if not wants_json():
            return redirect(url_for("accounts_role.index"))
        entry = rolebook.entry(role, draft.document)
        found = matrix.cell(line, entry, store.published()["roles"].get(role))
        lost = sum(len(set(verbs) - set(entry["rights"].get(name, ())) - set(matrix.LEVELS)) for name, verbs in was.items())
        names = {"role": rolebook.label(role, draft.document), "line": line.label}
        said = gettext("%(role)s, %(line)s: %(words)s", words=found.words, **names)
        return {"cell": _cell(found), "version": draft.version, "begun": draft.begun, "was": was, "lost": lost, "said": said}

    @expose("/compare")
    @needs("read")
    def compare(self) -> Any:
        """Two roles side by side: only where they differ."""
        document, _may_write = shown()
        keys = rolebook.in_order(document)
        one = request.args.get("one") or next(iter(keys), "")
        other = request.args.get("other") or next((key for key in keys if key != one), one)
        return self.render(
            "accounts/compare.html", title=gettext("Compare two roles"), one=one, other=other,
            roles=[{"key": key, "label": rolebook.label(key, document)} for key in keys],
            groups=matrix.differing(rolebook.entry(one, document), rolebook.entry(other, document)),
        )  # fmt: skip


def shown() -> tuple[dict[str, Any], bool]:
    """The document that this reader is shown, and whether he may change it."""
    may_write = policy.allowed(current_actor(), "write", store.RESOURCE)
    return (store.draft().document if may_write else store.published()), may_write


def state_of(may_write: bool) -> dict[str, Any]:
    """Where the draft stands, for the pages that change it."""
    draft = store.draft() if may_write else None
    return {"version": draft.version if draft else 0, "begun": bool(draft and draft.begun)}


def _columns(document: dict[str, Any], chosen: list[str]) -> list[dict[str, Any]]:
    counts, before = rolebook.holders(), store.published()["roles"]
    return [
        {
            "key": key, "label": rolebook.label(key, document), "description": rolebook.description(key, document),
            "count": counts.get(key, 0), "is_new": key not in before, "url": url_for("accounts_rolebook.show", role_key=key),
        }
        for key in chosen
    ]  # fmt: skip


def _group(
    group: matrix.Group, chosen: list[str], document: dict[str, Any], before: dict[str, Any], q: str
) -> dict[str, Any]:
    roles, old = document["roles"], before["roles"]
    lines = [line for line in group.lines if not q or _says(line, q) or q.lower() in group.label.lower()]
    return {
        "key": group.key, "label": group.label, "is_open": bool(q) or request.args.get("open") == group.key,
        "url": url_for("accounts_role.index", **{**request.args.to_dict(flat=False), "open": group.key}),
        "summary": [_cell(matrix.summary(group, roles[key], old.get(key))) for key in chosen],
        "lines": [
            {
                "key": line.key, "label": line.label, "steps": line.steps, "words": _searched(line),
                "parts": [part.label.removeprefix(f"{line.label} · ") for part in line.parts[1:]],
                "cells": [_cell(matrix.cell(line, roles[key], old.get(key))) for key in chosen],
            }
            for line in lines
        ],
    }  # fmt: skip


def _matches(group: matrix.Group, q: str) -> bool:
    return not q or q.lower() in group.label.lower() or any(_says(line, q) for line in group.lines)


def _says(line: matrix.Line, q: str) -> bool:
    return all(word in _searched(line) for word in q.lower().split())


def _searched(line: matrix.Line) -> str:
    """What is found by the search box: names of the parts and the words of their verbs."""
    found = [text for part in line.parts for text in (part.label, *(word for _verb, word in part.words(())))]
    return " ".join(dict.fromkeys(found)).lower()


def _cell(cell: matrix.Cell) -> dict[str, Any]:
    return {
        "level": cell.level, "word": str(matrix.WORDS[cell.level]), "partly": cell.is_partly, "more": len(cell.more),
        "changed": cell.is_changed, "rules": cell.has_rules, "words": cell.words,
    }  # fmt: skip


def _part(part: matrix.Part, role: str, entry: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    held = entry["rights"].get(part.resource, ())
    was = old["rights"].get(part.resource, ()) if old else ()
    address = {"role_key": role, "of": part.resource}
    return {
        "resource": part.resource, "label": part.label,
        "verbs": [
            {"verb": verb, "word": word, "on": verb in held, "changed": (verb in held) != (verb in was)}
            for verb, word in part.words({*held, *was})
        ],
        "rows": len(entry["rows"].get(part.resource, ())), "fields": len(entry["fields"].get(part.resource, ())),
        "rows_url": url_for("accounts_rule.rows", **address), "fields_url": url_for("accounts_rule.fields", **address),
    }  # fmt: skip


def _wanted(form: Any, line: matrix.Line) -> Any:
    if level := form.get("level"):
        if level not in line.steps:
            raise BadRequest(gettext("This request cannot be understood."))
        return matrix.raised(line, level)
    if form.get("verb"):
        return matrix.ticked(line, form.get("resource", ""), form["verb"], form.get("on") == "1")
    return _put_back(form.get("rights", ""), line)


def _put_back(text: str, line: matrix.Line) -> Any:
    try:
        given = json.loads(text)
        rights = {part.resource: [str(verb) for verb in given.get(part.resource, ())] for part in line.parts}
    except (ValueError, AttributeError, TypeError):
        raise BadRequest(gettext("This request cannot be understood.")) from None
    return lambda _held: rights


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
