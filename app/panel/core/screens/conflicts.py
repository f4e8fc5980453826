"""A stale save: what stood there before, what somebody else made of it, and what the sender wants, field by field.

Only what the other person changed is asked about; what he left alone is saved as it was sent. The answer to each
question is the value of a field, so the page of two versions sends the same form again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import ImmutableMultiDict

from app.panel.core import forms, history, policy, sight, trailsets
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.screens import versions
from app.panel.core.screens.editing import child_columns, draft_key
from app.panel.core.screens.shows import who_said

REMOVED, KEPT = "1", ""


@dataclass
class Question:
    """One choice: the name of the field that carries it, and the three values with what they say."""

    name: str
    label: str
    theirs: str
    mine: str
    before_text: str
    theirs_text: str
    mine_text: str
    mine_first: bool = True
    group: str = ""
    before: str | None = None  # None where it cannot be chosen: nothing is known of it, or one of the others says the same

    def __post_init__(self) -> None:
        if self.before in (self.theirs, self.mine):
            self.before = None


@dataclass
class Merge:
    """What the form sends in any case, what has to be asked, and the changes that answer who asked for it."""

    view: Any
    row: Any
    fields: list[tuple[str, str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    changed: list[tuple[type[Any], int, str]] = field(default_factory=list)

    def ask(self, question: Question, model: type[Any], key: int, name: str) -> None:
        self.questions.append(question)
        self.changed.append((model, key, name))


def merge(view: Any, form: Any, row: Any) -> Merge:
    """Mine, theirs and before, of the fields of a form and of its tables of children."""
    found, base, names = Merge(view, row), versions.opened(), []
    before = base.get("fields", {})
    for one in versions.watched(form):
        if (question := _question(form, one, row, before)) is not None:
            found.ask(question, view.model, row.id, one.name)
            names.append(one.name)
    access = policy.fields(current_actor(), view.resource)
    tables = [n for n in view.editable_children(row) if access.writable(n) and request.form.get(f"{n}-present")]
    for name in tables:
        _merge_table(found, name, base.get("rows", {}).get(name))
    own = tuple(f"{name}-" for name in tables)
    fixed = {"csrf_token", "version", "base", *names}
    for name, values in request.form.lists():
        if name not in fixed and (not name.startswith(own) or name.endswith("-present")):
            found.fields += [(name, value) for value in values]
    columns = {name: child_columns(view, name) for name in tables}
    found.fields += [("version", str(row.version)), ("base", versions.snapshot(form, row, columns))]
    return found


def send_again(found: Merge) -> None:
    """Let the request be one that knows what the other person did; to be called when there is nothing to ask."""
    token = [("csrf_token", value) for value in request.form.getlist("csrf_token")]
    request.form = ImmutableMultiDict([*token, *found.fields])


def conflict_page(found: Merge) -> SimpleNamespace:
    view, row, last = found.view, found.row, _last_change(found)
    return SimpleNamespace(
        title=_("Somebody else changed this in the meantime."),
        one=view.one,
        row=row,
        questions=found.questions,
        fields=found.fields,
        list_title=view.title,
        list_url=view.url("list"),
        action_url=view.url("edit", pk=row.id),
        cancel_url=view.url("show", pk=row.id),
        draft_key=draft_key(view, row.id),
        by=who_said(last.actor_name) if last else "",
        at=last.at if last else None,
    )


def unknown_to_form(row: Any, name: str) -> bool:
    """Has this table of children rows that the form did not show? To save it would remove them unseen."""
    shown = request.form.get(f"{name}-known")
    base = versions.opened().get("rows", {}).get(name)
    if shown is None and base is None:
        return False
    known = set(shown.split(",")) if shown is not None else set(base or ())
    return not {str(child.id) for child in sight.children(current_actor(), getattr(row, name))} <= known


def _question(form: Any, one: forms.RawField, row: Any, before: dict[str, str]) -> Question | None:
    known = one.spec
    assert known is not None
    was, is_masked = before.get(one.name), forms.is_masked(form, one)
    theirs, mine = versions.stored(form, one, row), versions.sent(one.data)
    if theirs == was or (is_masked and not mine) or (not is_masked and versions.alike(known, theirs, mine, row)):
        return None
    if is_masked:
        hidden = form.access.mask(one.name, getattr(row, one.name))
        return Question(one.name, str(one.label.text), "", mine, "", hidden, mine)
    touched = was is None or not versions.alike(known, was, mine, row)
    texts = _texts(known, row, was, theirs, mine)
    return Question(one.name, str(one.label.text), theirs, mine, *texts, mine_first=touched, before=was)


def _merge_table(found: Merge, name: str, base: dict[str, Any] | None) -> None:
    """The rows of mine in my order, then those of theirs that I do not have."""
    table = Table(found, name, base)
    mine = forms.child_rows(request.form, name)
    for values in mine:
        child = table.theirs.get(str(values.get("id") or ""))
        if child is not None:
            table.both(child, values)
        elif values.get("id"):
            table.gone(values)
        else:
            table.new(values)
    kept = {str(values.get("id") or "") for values in mine}
    for key, child in table.theirs.items():
        if key not in kept:
            table.unnamed(key, child)
    if table.is_asked:
        found.questions += table.additions


class Table:
    """One table of children on its way into a merge."""

    def __init__(self, found: Merge, name: str, base: dict[str, Any] | None) -> None:
        known = spec(found.view.model, name)
        self.found, self.name, self.base, self.label = found, name, base, str(known.label)
        self.model: Any = known.target
        self.columns: list[FieldSpec] = child_columns(found.view, name)
        self.theirs = {str(child.id): child for child in sight.children(current_actor(), getattr(found.row, name))}
        self.additions: list[Question] = []
        self.count = 0
        self.is_asked = False

    def put(self, values: dict[str, str]) -> str:
        """Send a row in any case; returns the beginning of its names."""
        prefix = f"{self.name}-{self.count}-"
        self.count += 1
        self.found.fields += [(f"{prefix}{key}", value) for key, value in values.items()]
        return prefix

    def ask(self, question: Question, key: int, name: str) -> None:
        self.is_asked = True
        self.found.ask(question, self.model, key, name)

    def line(self, values: dict[str, Any]) -> str:
        shown = [_labelled(known, values.get(known.name), self.found.row) for known in self.columns if known.name != "position"]
        return " · ".join(text for text in shown if text)

    def covered(self, values: dict[str, Any]) -> dict[str, str]:
        """What I typed into columns that I see masked: nothing of theirs can be shown beside it."""
        own = {known.name for known in self.columns} | {"id", "version"}
        return {name: versions.sent(value) for name, value in values.items() if name not in own}

    def both(self, child: Any, values: dict[str, Any]) -> None:
        """A row that both have: asked field by field."""
        theirs, before = versions.line_of(self.columns, child), (self.base or {}).get(str(child.id))
        called = self.line(theirs)
        kept, asked = {"id": str(child.id), "version": str(child.version), **self.covered(values)}, []
        for known in self.columns:
            own, other = versions.sent(values.get(known.name)), theirs[known.name]
            was = before.get(known.name) if before is not None else None
            touched = was is None or not versions.alike(known, was, own, self.found.row)
            if other == was or versions.alike(known, other, own, self.found.row):
                kept[known.name] = own
            elif known.name == "position":
                kept[known.name] = own if touched else other
            else:
                texts = _texts(known, self.found.row, was, other, own)
                asked.append(Question(known.name, f"{called}: {known.label}", other, own, *texts, touched, self.label, was))
        prefix = self.put(kept)
        for question in asked:
            name, question.name = question.name, f"{prefix}{question.name}"
            self.ask(question, child.id, name)

    def gone(self, values: dict[str, Any]) -> None:
        """A row of mine that the other person removed: it may come back, as a new one."""
        before = (self.base or {}).get(str(values["id"]))
        own = {known.name: versions.sent(values.get(known.name)) for known in self.columns}
        touched = before is None or any(
            not versions.alike(known, before.get(known.name, ""), own[known.name], self.found.row) for known in self.columns
        )
        prefix, text = self.put({**self.covered(values), **own}), self.line(own)
        was = self.line(before) if before is not None else ""
        self.ask(
            Question(f"{prefix}DELETE", was or text, REMOVED, KEPT, was, _("(removed)"), text, touched, self.label),
            int(values["id"]) if str(values["id"]).isdecimal() else 0, "",
        )  # fmt: skip

    def new(self, values: dict[str, Any]) -> None:
        """A row that I added: it is kept, and shown beside the rows of the other person where those are asked about."""
        own = {known.name: versions.sent(values.get(known.name)) for known in self.columns}
        prefix, text = self.put({**self.covered(values), **own}), self.line(own)
        self.additions.append(Question(f"{prefix}DELETE", text, REMOVED, KEPT, "", "", text, group=self.label))

    def unnamed(self, key: str, child: Any) -> None:
        """A row that I do not have: the other person added it, or I removed it."""
        theirs, before = versions.line_of(self.columns, child), (self.base or {}).get(key)
        if before is not None and before == theirs:
            return
        prefix = self.put({"id": key, "version": str(child.version), **theirs})
        was, text = self.line(before) if before is not None else "", self.line(theirs)
        removed = _("(removed)") if before is not None else ""
        self.ask(Question(f"{prefix}DELETE", text, KEPT, REMOVED, was, text, removed, False, self.label), child.id, "")


def _last_change(found: Merge) -> history.HistoryEntry | None:
    """The latest change of what is asked about: whoever changed only what the reader does not see is not named."""
    latest = None
    for model in {model for model, _key, _name in found.changed}:
        names: dict[int, set[str]] = {}
        for _model, key, name in (one for one in found.changed if one[0] is model):
            names.setdefault(key, set()).add(name)
        query = select(history.HistoryEntry).where(trailsets.about(model.__tablename__, names))
        for entry in db.session.scalars(query.order_by(history.HistoryEntry.id.desc()).limit(50)):
            wanted = names[entry.key]
            if "" in wanted or wanted & set(entry.changes):
                latest = entry if latest is None or entry.id > latest.id else latest
                break
    return latest


def _texts(known: FieldSpec, row: Any, was: str | None, theirs: str, mine: str) -> tuple[str, str, str]:
    return _labelled(known, was or "", row), _labelled(known, theirs, row), _labelled(known, mine, row)


def _labelled(known: Any, value: Any, row: Any) -> str:
    if known.kind in ("ref", "many"):
        keys = value.split(",") if isinstance(value, str) else value
        return ", ".join(label for _key, label in forms.picked(known, keys, row))
    if known.choices is not None and (member := known.choices.of(value)) is not None:
        return str(member.label)
    if known.kind == "bool":
        return _("yes") if value not in (None, False, "", "0", "false") else _("no")
    if known.kind == "instant":
        return str(value or "").replace("T", " ")
    return "" if value is None else str(value)
