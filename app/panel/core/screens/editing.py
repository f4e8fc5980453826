"""What forms and operations get; and how a repeated form does its work once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _

from app.panel.core import earlier, files, forms, policy, sight
from app.panel.core.actor import current_actor
from app.panel.core.fields import FieldSpec, resource_of, show_instant, spec, specs
from app.panel.core.idempotency import reply_to, with_key
from app.panel.core.screens.common import owning, visible
from app.panel.core.screens.lists import adding

MANY_COLUMNS = 8  # more of them stand below each other, row by row


def form_page(view: Any, form: Any, row: Any, child_errors: dict[str, str], actor: Any) -> SimpleNamespace:
    sets = view.edit_fieldsets if row is not None else view.add_fieldsets
    shown = []
    for title, part in sets:
        own = [spec(view.model, name).name for name in part["fields"]]
        present = [name for name in own if name in form._fields]
        if present:
            shown.append(SimpleNamespace(label=str(title or ""), fields=present, help=str(part.get("description", ""))))
    title = _("Edit %(row)s", row=str(row)) if row is not None else _("Add %(one)s", one=view.one)
    subtitle = _("A copy of “%(row)s”. Nothing is saved yet.", row=str(form.copied)) if form.copied is not None else ""
    access = policy.fields(actor, view.resource)
    editable = [name for name in view.editable_children(row) if access.writable(name)]
    children = [_child_form(view, name, row, child_errors, form) for name in editable]
    if form.earlier is not None:
        form.differing += sum(child.differing for child in children)
        subtitle = _as_it_stood(form)
    for field in form:
        _offer_new(field)
    return SimpleNamespace(
        title=title,
        one=view.one,
        list_title=view.title,
        list_url=view.url("list"),
        fieldsets=shown,
        children=children,
        action_url=view.url("edit", pk=row.id) if row is not None else view.url("add"),
        cancel_url=view.url("show", pk=row.id) if row is not None else view.url("list"),
        row=row,
        draft_key=draft_key(view, row.id if row is not None else None),
        restored=bool(request.form.get("_draft") or form.differing),
        subtitle=subtitle,
        errors=[_of_child(view, key, text) for key, text in child_errors.items()],
    )


def _of_child(view: Any, key: str, text: str) -> SimpleNamespace:
    """What is wrong in a row of a table, said at the head of the form, from where one does not see the row: `lines.0.sku`."""
    name, row, field = (*key.split(".", 2), "")[:3]
    table = spec(view.model, name)
    known = specs(table.target).get(field) if table.target is not None else None
    if not row.isdecimal() or known is None:
        return SimpleNamespace(at="", label=str(table.label), text=text)
    label = _("%(table)s, row %(n)s, %(field)s", table=table.label, n=int(row) + 1, field=known.label)
    return SimpleNamespace(at=f"{name}-{row}-{known.name}", label=label, text=text)


def _as_it_stood(form: Any) -> str:
    at = show_instant(form.earlier.at)
    if not form.differing:
        return _("On %(at)s all that you may change stood as it does now.", at=at)
    return _("As it stood on %(at)s; nothing is saved yet. Fields that differ from now: %(n)s.", at=at, n=form.differing)


def _offer_new(field: Any) -> None:
    """A picker also makes a new row, where its reader may."""
    target = field.spec.target if getattr(field, "picker_url", "") else None
    view = current_app.extensions["panel_views"].get(target)
    if view is None or view.added_on:
        return
    there = adding(view)
    field.new_url, field.new_label = there.url, there.label


def draft_key(view: Any, key: int | None) -> str:
    """Under which a browser keeps what is typed into the form of a row, or of a new one."""
    return f"{view.resource}:{key or 'new'}"


def _child_form(view: Any, name: str, row: Any, errors: dict[str, str], form: Any) -> SimpleNamespace:
    known, own = spec(view.model, name), open_columns(view, name)
    access = policy.fields(current_actor(), resource_of(known.target))  # type: ignore[arg-type]
    seen = {s.name for s in own if access.usable(s.name)}
    standing = sight.children(current_actor(), getattr(row, name)) if row is not None else []
    typed = forms.child_rows(request.form, name) if request.form.get(f"{name}-present") else None
    rows = (
        typed
        if typed is not None
        else [
            {"id": child.id, "version": child.version, **{s.name: forms.typed(s, child) for s in own if s.name in seen}}
            for child in standing
        ]
    )
    if typed is None and form.copied is not None:
        rows = [
            {s.name: forms.typed(s, child) for s in own if s.name in seen and not s.unique}
            for child in sight.children(current_actor(), getattr(form.copied, name))
        ]
    present = rows
    if typed is None and form.earlier is not None:
        rows = earlier.rows(row, name, [s for s in own if s.name in seen], form.earlier, current_actor())
    of_number = {str(child.id): child for child in standing}
    pictures = {getattr(child, s.name) for s in own if s.kind == "file" for child in standing}
    return SimpleNamespace(
        name=name,
        label=str(known.label),
        known=request.form.get(f"{name}-known") if typed is not None else ",".join(str(r["id"]) for r in present if "id" in r),
        differing=_differing(present, rows, own),
        columns=own,
        files=files.known(pictures - {None}),  # in one statement for all rows
        is_wide=len(own) > MANY_COLUMNS,
        may_drop=view.may_drop_children(name),
        rows=[
            _child_row(name, index, own, values, errors, row, access, of_number.get(str(values.get("id"))))
            for index, values in enumerate(rows)
        ],
        blank=_child_row(name, "__i__", own, {s.name: forms.typed(s, None) for s in own}, {}, row, access),
    )


def _differing(present: list[dict[str, Any]], rows: list[dict[str, Any]], own: list[FieldSpec]) -> int:
    """How many rows of a table are other ones, or hold something else."""
    now = {one["id"]: one for one in present if "id" in one}
    then = {one["id"]: one for one in rows if "id" in one}
    names = [s.name for s in own if s.kind != "file"]

    def said(one: dict[str, Any]) -> list[str]:
        return [str(one.get(name) or "") for name in names]

    changed = [key for key in now.keys() & then.keys() if said(now[key]) != said(then[key])]
    return len(changed) + len(now.keys() ^ then.keys()) + sum("id" not in one for one in rows)


def child_columns(view: Any, name: str) -> list[FieldSpec]:
    """The columns of a child table that this reader sees whole and may fill in; files have no two versions to compare."""
    model: Any = spec(view.model, name).target
    access = policy.fields(current_actor(), resource_of(model))
    return [s for s in open_columns(view, name) if access.usable(s.name) and s.kind != "file"]


def open_columns(view: Any, name: str) -> list[FieldSpec]:
    """The columns of a child table that this reader may fill in for a new row: a mask hides only what is stored."""
    model: Any = spec(view.model, name).target
    back = {column.key for column in owning(view.model, name)}
    access = policy.fields(current_actor(), resource_of(model))
    return [
        s
        for s in dict.fromkeys(specs(model).values())
        if visible(s)
        and not s.readonly
        and s.name not in back
        and s.kind not in ("many", "children")
        and access.is_open(s.name)
    ]


def _child_row(
    name: str, index: Any, own: list[FieldSpec], values: dict[str, Any], errors: dict[str, str], row: Any,
    access: policy.FieldAccess, child: Any = None,
) -> SimpleNamespace:  # fmt: skip
    holder = type("ChildForm", (forms.FlaskForm,), {f"{name}-{index}-{s.name}": forms.unbound(s) for s in own})
    form = holder(formdata=None, meta={"csrf": False})
    fields = []
    for known in own:
        field = form[f"{name}-{index}-{known.name}"]
        field.data = values.get(known.name)
        text = errors.get(f"{name}.{index}.{known.name}") or errors.get(f"{name}.{index}.{known.screen_name}")
        field.errors = [text] if text else []
        forms.dress_field(field, row)
        _offer_new(field)
        _cover(field, known.name, child, access)
        if known.kind == "file":
            _show_file(field, child, access)
        fields.append(field)
    version = values.get("version") or ""
    return SimpleNamespace(id=values.get("id") or "", version=version, index=index, fields=fields)


def _cover(field: Any, name: str, child: Any, access: policy.FieldAccess) -> None:
    """Let a cell say only masked what it holds; whoever may have it shown writes over it, and nobody else."""
    field.stays, field.secret = "", access.masked(name)
    covered = access.mask(name, getattr(child, name)) if field.secret and child is not None else ""
    if covered and access.may_reveal:
        field.render_kw = {**(field.render_kw or {}), "placeholder": covered, "required": False}
    elif covered:
        field.stays = covered


def _show_file(field: Any, child: Any, access: policy.FieldAccess) -> None:
    """A cell with the file that was chosen before, or else that of the row."""
    file = files.held(str(field.data or ""), actor=current_actor(), kinds=field.spec.kinds)
    if file is not None:
        field.held, field.held_name = str(field.data), file.name
    field.data = getattr(child, field.spec.name) if child is not None and access.usable(field.spec.name) else None


def verb_page(view: Any, verb: Any, rows: list[Any], single: bool) -> SimpleNamespace:
    return SimpleNamespace(
        title=str(verb.label),
        one=view.one,
        list_title=view.title,
        list_url=view.url("list"),
        icon=verb.icon,
        tone=verb.tone,
        question=str(verb.confirm or ""),
        help=str(verb.help or ""),
        rows=[(row.id, str(row)) for row in rows],
        name=verb.name,
        action_url=view.url("action", name=verb.name, pk=rows[0].id) if single else view.url("action_post"),
        single=single,
        cancel_url=view.url("show", pk=rows[0].id) if single else view.url("list"),
        has_form=verb.form is not None,
        next=request.values.get("next", ""),
    )


def once(view: Any, verb: Any, rows: Any, form: Any) -> Any:
    """Run an operation; a repeated form key answers as the first time and does nothing (SAFETY R03)."""
    key = form.idempotency_key.data if verb.asks else ""  # a new one where none was sent
    if not key or verb.read_only:
        return verb.func(view, rows, form)
    answer: list[Any] = []

    def run() -> str:
        answer.append(verb.func(view, rows, form))
        return str(answer[0]) if isinstance(answer[0], str) else ""

    said = with_key(key, *_command(view, verb, rows), run)
    return answer[0] if answer else (said or None)


def said_before(view: Any, verb: Any, rows: Any) -> str | None:
    """What this very form was told when it came before, or None.

    Asked when it is refused: what it did itself may be why it is not possible any more.
    """
    key = request.form.get("idempotency_key") if verb.asks else ""
    return reply_to(key, *_command(view, verb, rows)) if key and not verb.read_only else None


def _command(view: Any, verb: Any, rows: Any) -> tuple[Any, str, dict[str, Any]]:
    """Actor, name and data of an operation. The data are what was sent: what a form makes of them depends on the rows."""
    sent = {name: values for name, values in request.form.lists() if name not in ("csrf_token", "idempotency_key")}
    given = {name: [file.filename for file in files] for name, files in request.files.lists()}
    payload = {"rows": [row.id for row in rows], "form": sent, "files": given}
    return current_actor(), f"{view.resource}.{verb.name}", payload
