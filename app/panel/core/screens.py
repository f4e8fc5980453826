"""What the templates get: one plain object a page, so that a template only draws."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_wtf.file import FileStorage

from app.panel.core import cells, files, filters, forms, history, listing, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, resource_of, spec, specs
from app.panel.core.idempotency import with_key


def fieldsets(declared: Any) -> list[Any]:
    """FAB's `(title, {"fields": […]})` and our shorter `(title, […])` → the former."""
    return [(title, part if isinstance(part, dict) else {"fields": list(part)}) for title, part in declared or []]


def names(sets: list[Any]) -> list[str]:
    return [name for _title, part in sets for name in part["fields"]]


def default_fieldsets(view: Any) -> list[Any]:
    return [("", {"fields": [s.screen_name for s in dict.fromkeys(specs(view.model).values()) if _shown(s)]})]


def _shown(field: FieldSpec) -> bool:
    return not field.hidden and field.kind != "children" and field.name != "version"


def default_form(view: Any) -> list[Any]:
    known = dict.fromkeys(specs(view.model).values())
    return [("", {"fields": [s.name for s in known if _shown(s) and not s.readonly]})]


def row_url(row: Any) -> str:
    """The show page of any row, if its model has a screen that this reader may open."""
    view = current_app.extensions["panel_views"].get(type(row))
    if view is None or not policy.allowed(current_actor(), "read", view.resource):
        return ""
    return str(view.url("show", pk=row.id))


def may(view: Any, verb: str) -> bool:
    return policy.allowed(current_actor(), verb, view.resource)


def list_page(view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found, actor: Any) -> SimpleNamespace:
    base = view.url("list")
    pages = max(1, -(-found.total // asked.size))
    urls = {
        "first": asked.url(base, page=1), "prev": asked.url(base, page=asked.page - 1) if asked.page > 1 else "",
        "next": asked.url(base, page=asked.page + 1) if len(found.rows) == asked.size and _more(asked, found) else "",
        "last": asked.url(base, page=pages) if found.exact else "", "clear": base, "base": base,
        "action": view.url("action_post"), "self": asked.url(base),
    }  # fmt: skip
    return SimpleNamespace(
        title=view.title, one=view.one, resource=view.resource, columns=_columns(view, asked, plan),
        rows=[_row(view, row, plan) for row in found.rows], total=found.total, exact=found.exact, as_of=found.as_of,
        page=asked.page, pages=pages, size=asked.size, sizes=[(n, asked.url(base, size=n, page=1)) for n in listing.SIZES],
        urls=SimpleNamespace(**urls), q=asked.q, can_search=bool(plan.searchable), chips=_chips(asked, base, found.conditions),
        filter_fields=[_filter_field(view, name) for name in plan.filterable], tree=asked.tree,
        filter_labels={op: str(label) for op, label in filters.LABELS.items()},
        periods=[(key, str(label)) for key, label in filters.PERIODS.items()], quick=_quick(view, asked, plan, base),
        actions=[_action(view, v) for v in view.verbs.values() if v.many and may(view, v.permission)],
        add_url=view.url("add") if view.can_add and may(view, "write") else "",
        trash_url=view.url("trash") if view.can_delete and may(view, "delete") else "",
        import_url=_import_url(view), empty=_empty(view, asked), sort=asked.sort or view.default_sort,
    )  # fmt: skip


def _more(asked: listing.Asked, found: listing.Found) -> bool:
    return not found.exact or asked.page * asked.size < found.total


def _columns(view: Any, asked: listing.Asked, plan: listing.Plan) -> list[Any]:
    current, result = asked.sort or plan.default_sort, []
    for name in plan.columns:
        field = spec(view.model, name.split(".")[0])
        column = SimpleNamespace(name=name, label=view.label(name), kind=field.kind, align=cells.align(field), sorted="", sort_url="")
        if name in plan.sortable:
            column.sorted = {name: "asc", f"-{name}": "desc"}.get(current, "")
            wanted = f"-{name}" if column.sorted == "asc" or (not column.sorted and field.kind in ("money", "instant")) else name
            column.sort_url = asked.url(view.url("list"), sort=wanted, page=1)
        result.append(column)
    return result


def _row(view: Any, row: Any, plan: listing.Plan) -> SimpleNamespace:
    shown = [
        cells.show(view.formatters[name](row), None) if name in view.formatters else cells.cell(row, name, plan.access, row_url)
        for name in plan.columns
    ]
    return SimpleNamespace(pk=row.id, url=view.url("show", pk=row.id), label=str(row), cells=shown)


def _chips(asked: listing.Asked, base: str, conditions: list[filters.Condition]) -> list[Any]:
    """One chip a condition; it can be removed by itself where the tree is a plain list."""
    parts = asked.tree.get("and") if isinstance(asked.tree, dict) else [asked.tree] if asked.tree else []
    flat = bool(parts) and all(isinstance(part, list) for part in parts)
    chips = []
    for index, condition in enumerate(conditions):
        rest = [part for i, part in enumerate(parts or []) if i != index] if flat else []
        url = asked.url(base, f={"and": rest} if rest else None, page=1)
        chips.append(SimpleNamespace(label=filters.describe(condition), remove_url=url))
    return chips


def _filter_field(view: Any, name: str) -> dict[str, Any]:
    head, _dot, tail = name.partition(".")
    field = spec(view.model, head)
    field = spec(field.target, tail) if tail and field.target else field
    picker = field.kind in ("ref", "many")
    return {
        "name": name, "label": view.label(name), "kind": field.kind,
        "ops": [{"op": op, "label": str(filters.LABELS[op])} for op in filters.operators(field)],
        "choices": [{"value": v, "label": str(label)} for v, label in (field.choices.pairs() if field.choices else [])],
        "picker_url": url_for("pickers.options", resource=resource_of(field.model), field=field.name) if picker else "",
    }  # fmt: skip


def _quick(view: Any, asked: listing.Asked, plan: listing.Plan, base: str) -> list[Any]:
    """Choices as tabs: one click sets one condition and leaves the others."""
    tree = asked.tree if isinstance(asked.tree, dict) and isinstance(asked.tree.get("and"), list) else {"and": []}
    groups = []
    for name in view.quick_filters:
        field = spec(view.model, name)
        if name not in plan.filterable or field.kind not in ("choice", "bool", "ref"):
            continue
        others = [part for part in tree["and"] if not (isinstance(part, list) and part[:1] == [name])]
        mine = [part for part in tree["and"] if isinstance(part, list) and part[:1] == [name]]
        current = str(mine[0][2]) if len(mine) == 1 and len(mine[0]) == 3 else None
        items = [SimpleNamespace(label=_("All"), url=_with(asked, base, others), active=not mine, count=None, tone="")]
        for value, label, tone in _options(field):
            op = "is" if field.kind == "bool" else "eq"
            url = _with(asked, base, [*others, [name, op, value]])
            items.append(SimpleNamespace(label=label, url=url, active=current == value, count=None, tone=tone))
        groups.append(SimpleNamespace(name=name, label=view.label(name), items=items))
    return groups


def _with(asked: listing.Asked, base: str, parts: list[Any]) -> str:
    return asked.url(base, f={"and": parts} if parts else None, page=1)


def _options(field: FieldSpec) -> list[tuple[str, str, str]]:
    if field.choices is not None:
        return [(member.value, str(member.label), member.tone) for member in field.choices]
    if field.kind == "bool":
        return [("true", _("yes"), "success"), ("false", _("no"), "muted")]
    target: Any = field.target
    found = db.session.scalars(policy.scope(listing.select(target), current_actor(), target).order_by(target.id).limit(20))
    return [(str(row.id), str(row), "") for row in found]


def _action(view: Any, verb: Any) -> SimpleNamespace:
    return SimpleNamespace(
        name=verb.name, label=str(verb.label), icon=verb.icon, tone=verb.tone, confirm=str(verb.confirm or ""),
        needs_form=verb.asks, url=view.url("action_post"),
    )  # fmt: skip


def _import_url(view: Any) -> str:
    build = current_app.extensions.get("panel_import_url")
    return str(build(view)) if build is not None and view.can_import and view.can_add and may(view, "import") else ""


def _empty(view: Any, asked: listing.Asked) -> SimpleNamespace:
    if asked.q or asked.tree:
        clear = view.url("list")
        return SimpleNamespace(title=_("Nothing matches."), text=_("Try fewer words or remove a filter."), url=clear, label=_("Show all"))
    add = view.url("add") if view.can_add and may(view, "write") else ""
    return SimpleNamespace(title=str(view.empty_text), text="", url=add, label=_("Add %(one)s", one=view.one) if add else "")


def form_page(view: Any, form: Any, row: Any, child_errors: dict[str, str], actor: Any) -> SimpleNamespace:
    sets = view.edit_fieldsets if row is not None else view.add_fieldsets
    shown = []
    for title, part in sets:
        own = [spec(view.model, name).name for name in part["fields"]]
        present = [name for name in own if name in form._fields]
        if present:
            shown.append(SimpleNamespace(label=str(title or ""), fields=present, help=str(part.get("description", ""))))
    title = _("Edit %(row)s", row=str(row)) if row is not None else _("Add %(one)s", one=view.one)
    access = policy.fields(actor, view.resource)
    children = [_child_form(view, name, row, child_errors) for name in view.child_tables if access.writable(name)]
    return SimpleNamespace(
        title=title, one=view.one, list_title=view.title, list_url=view.url("list"), fieldsets=shown, children=children,
        action_url=view.url("edit", pk=row.id) if row is not None else view.url("add"),
        cancel_url=view.url("show", pk=row.id) if row is not None else view.url("list"), row=row,
        draft_key=f"{view.resource}:{row.id if row is not None else 'new'}",
    )  # fmt: skip


def _child_form(view: Any, name: str, row: Any, errors: dict[str, str]) -> SimpleNamespace:
    known = spec(view.model, name)
    model: Any = known.target
    back = {column.key for column in _owning(view.model, name)}
    access = policy.fields(current_actor(), resource_of(model))
    own = [s for s in dict.fromkeys(specs(model).values()) if _shown(s) and not s.readonly and s.name not in back
           and s.kind not in ("many", "children") and access.readable(s.name) and not access.masked(s.name)]  # fmt: skip
    typed = forms.child_rows(request.form, name) if request.form.get(f"{name}-present") else None
    rows = typed if typed is not None else [
        {"id": child.id, **{s.name: forms.typed(s, child) for s in own}} for child in (getattr(row, name) if row is not None else [])
    ]  # fmt: skip
    return SimpleNamespace(
        name=name, label=str(known.label), columns=own,
        rows=[_child_row(name, index, own, values, errors, row) for index, values in enumerate(rows)],
        blank=_child_row(name, "__i__", own, {s.name: forms.typed(s, None) for s in own}, {}, row),
    )  # fmt: skip


def _owning(model: type[Any], name: str) -> set[Any]:
    """The columns of a child that point at its parent; another reference to the same table is a field of its own."""
    return set(model.__mapper__.relationships[name].remote_side)


def _child_row(name: str, index: Any, own: list[FieldSpec], values: dict[str, Any], errors: dict[str, str], row: Any) -> SimpleNamespace:
    holder = type("ChildForm", (forms.FlaskForm,), {f"{name}-{index}-{s.name}": forms.unbound(s) for s in own})
    form = holder(formdata=None, meta={"csrf": False})
    fields = []
    for known in own:
        field = form[f"{name}-{index}-{known.name}"]
        field.data = values.get(known.name)
        text = errors.get(f"{name}.{index}.{known.name}") or errors.get(f"{name}.{index}.{known.screen_name}")
        field.errors = [text] if text else []
        forms.dress_field(field, row)
        fields.append(field)
    return SimpleNamespace(id=values.get("id") or "", index=index, fields=fields)


def stored_files(form: Any, actor: Any) -> dict[str, Any]:
    """Store uploads of a form; the ids by field name. A box “remove” (`<name>-remove`) empties the field."""
    found: dict[str, Any] = {}
    for field in form:
        if not isinstance(field, forms.RawField) or field.kind != "file" or field.spec is None:
            continue
        given = request.files.get(field.name)
        if isinstance(given, FileStorage) and given.filename:
            found[field.name] = files.store(given.stream, given.filename, actor=actor, kinds=field.spec.kinds).id
        elif request.form.get(f"{field.name}-remove"):
            found[field.name] = None
    return found


def show_page(view: Any, row: Any, actor: Any, args: Any) -> SimpleNamespace:
    access = policy.fields(actor, view.resource)
    sets = []
    for title, part in view.show_fieldsets:
        items = [_item(view, row, name, access) for name in access.only(part["fields"])]
        if items:
            sets.append(SimpleNamespace(label=str(title or ""), fields=items))
    state = next((name for name in ("state", "status") if name in specs(view.model)), "")
    tabs, related = _tabs(view, row, actor, args)
    return SimpleNamespace(
        title=str(row), one=view.one, list_title=view.title, list_url=view.url("list"), pk=row.id, resource=view.resource,
        badge=cells.cell(row, state, access) if state and access.readable(state) else None, fieldsets=sets,
        verbs=[_offered(view, v, row) for v in view.verbs.values() if v.single and may(view, v.permission) and v.possible(row)],
        edit_url=view.url("edit", pk=row.id) if view.can_edit and may(view, "write") else "",
        delete_url=view.url("delete", pk=row.id) if view.can_delete and may(view, "delete") else "",
        tables=[_child_table(view, row, name) for name in view.child_tables if access.readable(name)],
        panels=_panels(view, row, actor), tabs=tabs, related=related, history=timeline(row, access),
        created_at=getattr(row, "created_at", None), changed_at=getattr(row, "changed_at", None), version=getattr(row, "version", None),
    )  # fmt: skip


def _item(view: Any, row: Any, name: str, access: policy.FieldAccess) -> SimpleNamespace:
    shown = cells.show(view.formatters[name](row), None) if name in view.formatters else cells.cell(row, name, access, row_url)
    field = spec(view.model, name.split(".")[0])
    if field.kind == "file" and getattr(row, field.name) and not access.masked(field.name):
        shown = files.cell(getattr(row, field.name))
    return SimpleNamespace(name=name, label=view.label(name), cell=shown, help=str(field.help or ""), wide=field.kind in ("longtext", "json"))


def _offered(view: Any, verb: Any, row: Any) -> SimpleNamespace:
    offered = _action(view, verb)
    offered.url, offered.primary, offered.read_only = view.url("action", name=verb.name, pk=row.id), verb.primary, verb.read_only
    return offered


def _child_table(view: Any, row: Any, name: str) -> SimpleNamespace:
    known = spec(view.model, name)
    model: Any = known.target
    access = policy.fields(current_actor(), resource_of(model))
    owning = _owning(view.model, name)
    back = {rel.key for rel in model.__mapper__.relationships if not rel.uselist and set(rel.local_columns) == owning}
    own = [s for s in dict.fromkeys(specs(model).values()) if _shown(s) and s.screen_name not in back and s.name != "id"
           and s.kind not in ("longtext", "json") and s.name not in ("created_at", "changed_at") and access.readable(s.name)]  # fmt: skip
    columns = [SimpleNamespace(name=s.screen_name, label=str(s.label), align=cells.align(s), kind=s.kind) for s in own]
    rows = [SimpleNamespace(pk=c.id, url="", cells=[cells.cell(c, s.screen_name, access, row_url) for s in own]) for c in getattr(row, name)]
    return SimpleNamespace(name=name, label=str(known.label), columns=columns, rows=rows)


def _panels(view: Any, row: Any, actor: Any) -> list[Any]:
    found = []
    for panel in sorted((p for cls in type(view).__mro__ for p in vars(cls).get("panels", ())), key=lambda p: p.order):
        result = panel.func(row, actor)
        if result is not None:
            found.append(SimpleNamespace(label=str(panel.label), template=result[0], context=result[1]))
    return found


def _tabs(view: Any, row: Any, actor: Any, args: Any) -> tuple[list[Any], Any]:
    """Related rows: one tab open at a time, so that a show page costs the same however many there are."""
    views = current_app.extensions["panel_view_of"]
    offered = sorted((t for cls in type(view).__mro__ for t in vars(cls).get("tabs", ())), key=lambda t: t.order)
    offered = [tab for tab in offered if policy.allowed(actor, "read", views[tab.view].resource)]
    if not offered:
        return [], None
    keys = [views[tab.view].endpoint for tab in offered]
    wanted = args.get("tab") if args.get("tab") in keys else keys[0]
    here = view.url("show", pk=row.id)
    tabs = [SimpleNamespace(key=key, label=str(tab.label), url=f"{here}?tab={key}#related", active=key == wanted)
            for key, tab in zip(keys, offered, strict=True)]  # fmt: skip
    tab = offered[keys.index(wanted)]
    other = views[tab.view]
    relation = getattr(other.model, tab.via)
    base = relation.any(id=row.id) if relation.property.uselist else relation == row
    columns = [name for name in other.list_columns if name != tab.via]
    plan = other.plan(actor, base=base, columns=columns)
    found = listing.find(listing.Asked(size=20), plan, actor)
    all_url = listing.Asked(tree={"and": [[tab.via, "eq", str(row.id)]]}).url(other.url("list")) if tab.via in plan.filterable else ""
    related = SimpleNamespace(
        title=str(tab.label), columns=_columns(other, listing.Asked(), plan), rows=[_row(other, r, plan) for r in found.rows],
        total=found.total, exact=found.exact, all_url=all_url,
    )  # fmt: skip
    for column in related.columns:
        column.sort_url = column.sorted = ""
    return tabs, related


def timeline(row: Any, access: policy.FieldAccess) -> list[Any]:
    """The trail of a row for this reader: fields that are hidden from him are not in it, masked ones are masked."""
    entries = []
    known = specs(type(row))
    for entry in history.of(row, limit=50):
        changes = []
        for name, (before, after) in entry.changes.items():
            if not access.readable(name):
                continue
            field = known.get(name)
            label = str(field.label) if field is not None else name.replace("_", " ")
            pair = [access.mask(name, v) if access.masked(name) else _said(field, v, row) for v in (before, after)]
            changes.append(SimpleNamespace(label=label, before=pair[0], after=pair[1]))
        entries.append(SimpleNamespace(at=entry.at, actor=entry.actor_name, verb=verb_word(entry.verb), key=entry.verb,
                                       path=entry.path, why=entry.why, changes=changes, run_id=entry.run_id))  # fmt: skip
    return entries


def verb_word(verb: str) -> str:
    """`order.refunded` in the reader's language; domains translate their own by the msgid itself."""
    known = {"insert": _("created"), "update": _("changed"), "delete": _("deleted"), "restored": _("restored from the trash")}
    return known.get(verb) or _(verb)


def _said(field: FieldSpec | None, value: Any, row: Any) -> str:
    """A value of the trail (JSON) as a person reads it."""
    if value in (None, ""):
        return ""
    if field is None:
        return str(value)
    if field.kind == "money" and isinstance(value, int):
        return str(cells.show(value, field, row)["text"])
    if field.choices is not None and (member := field.choices.of(value)) is not None:
        return str(member.label)
    if field.kind == "ref" and field.target is not None and isinstance(value, int):
        found = db.session.get(field.target, value)
        return str(found) if found is not None else str(value)
    if field.kind == "instant":
        return str(cells.show(field.parse(value), field)["text"])
    if field.kind == "bool":
        return _("yes") if value else _("no")
    return str(value)


def conflict_page(view: Any, form: Any, row: Any) -> SimpleNamespace:
    """Mine against theirs, for each field in which they differ."""
    rows = []
    for field in form:
        if not isinstance(field, forms.RawField) or field.spec is None or field.kind == "file":
            continue
        theirs = forms.typed(field.spec, row)
        if str(theirs or "") != str(field.data or ""):
            rows.append(SimpleNamespace(name=field.name, label=str(field.label.text), theirs=theirs, mine=field.data,
                                        theirs_text=_labelled(field, theirs, row), mine_text=_labelled(field, field.data, row)))  # fmt: skip
    last = history.of(row, limit=1)
    return SimpleNamespace(
        title=_("Somebody else changed this in the meantime."), one=view.one, row=row, rows=rows, version=row.version,
        action_url=view.url("edit", pk=row.id), cancel_url=view.url("show", pk=row.id),
        by=last[0].actor_name if last else "", at=last[0].at if last else None,
    )  # fmt: skip


def _labelled(field: forms.RawField, value: Any, row: Any) -> str:
    known: Any = field.spec
    if known.kind in ("ref", "many"):
        return ", ".join(label for _key, label in forms.picked(known, value, row))
    if known.choices is not None and (member := known.choices.of(value)) is not None:
        return str(member.label)
    if known.kind == "bool":
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def verb_page(view: Any, verb: Any, rows: list[Any], single: bool) -> SimpleNamespace:
    return SimpleNamespace(
        title=str(verb.label), one=view.one, list_title=view.title, list_url=view.url("list"), icon=verb.icon, tone=verb.tone,
        question=str(verb.confirm or ""), help=str(verb.help or ""), rows=[(row.id, str(row)) for row in rows], name=verb.name,
        action_url=view.url("action", name=verb.name, pk=rows[0].id) if single else view.url("action_post"), single=single,
        cancel_url=view.url("show", pk=rows[0].id) if single else view.url("list"), has_form=verb.form is not None,
        next=request.values.get("next", ""),
    )  # fmt: skip


def once(view: Any, verb: Any, rows: list[Any], form: Any) -> Any:
    """Run an operation; a repeated form key answers as the first time and does nothing (SAFETY R03)."""
    key = form.idempotency_key.data if verb.asks else ""
    if not key or verb.read_only:
        return verb.func(view, rows, form)
    answer: list[Any] = []

    def run() -> str:
        answer.append(verb.func(view, rows, form))
        return str(answer[0]) if isinstance(answer[0], str) else ""

    payload = {"rows": [row.id for row in rows], "form": {k: str(v) for k, v in form.data.items() if k != "csrf_token"}}
    said = with_key(key, current_actor(), f"{view.resource}.{verb.name}", payload, run)
    return answer[0] if answer else (said or None)


def trash_page(view: Any, entries: list[Any]) -> SimpleNamespace:
    rows = [SimpleNamespace(id=e.id, label=e.label, at=e.deleted_at, by=e.deleted_by, restore_url=view.url("restore", entry_id=e.id))
            for e in entries]  # fmt: skip
    return SimpleNamespace(title=_("Trash: %(what)s", what=view.title), list_title=view.title, list_url=view.url("list"), rows=rows)


