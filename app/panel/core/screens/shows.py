"""What a show page gets: fields, children, tabs of other domains, and the trail of its changes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import cells, files, listing, listtotals, neighbours, policy, sight, trailsets, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.fields import FieldSpec, resource_of, spec, specs
from app.panel.core.notices import Notice
from app.panel.core.screens.common import action, may, operations, owning, row_url, visible
from app.panel.core.screens.drawing import rows_of
from app.panel.core.screens.lists import adding, columns_of
from app.panel.core.screens.remarks import remarks_part


def show_page(view: Any, row: Any, actor: Any, args: Any) -> SimpleNamespace:
    access = policy.fields(actor, view.resource)
    sets = []
    for title, part in view.show_fieldsets:
        items = [_item(view, row, name, access) for name in access.only(part["fields"])]
        if items:
            sets.append(SimpleNamespace(label=str(title or ""), fields=items))
    state = next((name for name in ("state", "status") if name in specs(view.model)), "")
    tabs, related = _tabs(view, row, actor, args)
    before, after, back = neighbours.around(view, row, args, actor)
    may_edit = view.can_edit and may(view, "write")
    put_on = remarks_part(view, row, actor, args)
    return SimpleNamespace(
        title=str(row),
        one=view.one,
        list_title=view.title,
        list_url=back or view.url("list"),
        prev_url=before,
        next_url=after,
        print_url=view.url("show", pk=row.id, print=1),
        copy_url=view.url("add", copy=row.id) if view.added_on is None and adding(view).url else "",
        trash_url=view.url("trash") if view.can_delete and may(view, "delete") else "",
        pk=row.id,
        resource=view.resource,
        badge=cells.cell(row, state, access) if state and access.readable(state) else None,
        fieldsets=sets,
        verbs=[
            _offered(view, v, row)
            for v in view.verbs.values()
            if v.single and may(view, v.permission) and v.possible(row)
        ],
        operations=[
            SimpleNamespace(label=one.label, icon=one.icon, url=f"{one.url}?{urlencode({'action': one.name, 'rowid': row.id})}")
            for one in operations(view, actor) if not one.instead_of
        ],
        edit_url=view.url("edit", pk=row.id) if may_edit else "",
        delete_url=view.url("delete", pk=row.id) if view.can_delete and may(view, "delete") else "",
        tables=[_child_table(view, row, name) for name in _untabbed(view) if access.readable(name)],
        panels=_panels(view, row, actor),
        tabs=tabs,
        related=related,
        history=told_together(
            timeline(row, access, view.url("edit", pk=row.id) if may_edit else ""), put_on.rows, _messages(row, actor)
        ),
        remarks=put_on,
        trail_url=_trail_url(row),
        created_at=getattr(row, "created_at", None),
        changed_at=getattr(row, "changed_at", None),
        version=getattr(row, "version", None),
    )


def _run_url(run_id: int | None) -> str:
    """Where a run is shown that changed a row, for whoever may see it."""
    build = current_app.extensions.get("panel_run_url")
    return str(build(run_id)) if build is not None and run_id else ""


def related_part(view: Any, row: Any, actor: Any, args: Any) -> SimpleNamespace:
    """The tab that was opened, alone."""
    tabs, related = _tabs(view, row, actor, args)
    return SimpleNamespace(tabs=tabs, related=related)


def _trail_url(row: Any) -> str:
    """Where all that ever happened to a row can be read, for whoever may."""
    build = current_app.extensions.get("panel_trail_url")
    return str(build(row)) if build is not None else ""


def _item(view: Any, row: Any, name: str, access: policy.FieldAccess) -> SimpleNamespace:
    shown = (
        cells.show(view.formatters[name](veil.seen(row)), None)
        if name in view.formatters and not access.masked(name)
        else cells.cell(row, name, access, row_url)
    )
    field = spec(view.model, name.split(".")[0])
    if field.kind == "file" and getattr(row, field.name) and not access.masked(field.name):
        shown = files.cell(getattr(row, field.name))
    return SimpleNamespace(
        name=name,
        label=view.label(name),
        cell=shown,
        help=str(field.help or ""),
        wide=field.kind in ("longtext", "json"),
    )


def _offered(view: Any, verb: Any, row: Any) -> SimpleNamespace:
    offered = action(view, verb)
    offered.url, offered.primary, offered.read_only = (
        view.url("action", name=verb.name, pk=row.id),
        verb.primary,
        verb.read_only,
    )
    return offered


def _untabbed(view: Any) -> list[str]:
    """The child tables that are no tab besides: those rows would stand on the page twice."""
    views = current_app.extensions["panel_view_of"]
    tabbed = {views[tab.view].model for cls in type(view).__mro__ for tab in vars(cls).get("tabs", ())}
    return [name for name in view.child_tables if spec(view.model, name).target not in tabbed]


def _child_table(view: Any, row: Any, name: str) -> SimpleNamespace:
    known = spec(view.model, name)
    model: Any = known.target
    access = policy.fields(current_actor(), resource_of(model))
    owned = owning(view.model, name)
    back = {rel.key for rel in model.__mapper__.relationships if not rel.uselist and set(rel.local_columns) == owned}
    own = [
        s
        for s in dict.fromkeys(specs(model).values())
        if visible(s)
        and s.screen_name not in back
        and s.name != "id"
        and s.kind not in ("longtext", "json")
        and s.name not in ("created_at", "changed_at")
        and access.readable(s.name)
    ]
    columns = [SimpleNamespace(name=s.screen_name, label=str(s.label), align=cells.align(s), kind=s.kind) for s in own]
    rows = [
        SimpleNamespace(pk=c.id, url="", cells=[cells.cell(c, s.screen_name, access, row_url) for s in own])
        for c in sight.children(current_actor(), getattr(row, name))
    ]
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
    state = {"list": args["list"]} if args.get("list") else {}
    tabs = [
        SimpleNamespace(
            key=key, label=str(tab.label), url=view.url("show", pk=row.id, tab=key, **state) + "#related", active=key == wanted
        )
        for key, tab in zip(keys, offered, strict=True)
    ]
    tab = offered[keys.index(wanted)]
    other = views[tab.view]
    relation = getattr(other.model, tab.via)
    base = relation.any(id=row.id) if relation.property.uselist else relation == row
    columns = [name for name in other.list_columns if name != tab.via]
    plan = other.plan(actor, base=base, columns=columns)
    asked = listing.Asked(size=20)
    found = listing.find(asked, plan, actor)
    all_url = (
        listing.Asked(tree={"and": [[tab.via, "eq", str(row.id)]]}).url(other.url("list"))
        if tab.via in plan.filterable
        else ""
    )
    related = SimpleNamespace(
        title=str(tab.label),
        columns=columns_of(other, listing.Asked(), plan),
        rows=rows_of(other, found.rows, plan),
        count=listtotals.count_of(found, asked, plan, actor),
        all_url=all_url,
    )
    for column in related.columns:
        column.sort_url = column.sorted = ""
    return tabs, related


def timeline(row: Any, access: policy.FieldAccess, edit_url: str = "") -> list[Any]:
    """The trail of a row for this reader: fields that are hidden from him are not in it, masked ones are masked.

    :param edit_url: where the row as it stood after each line, but for the latest change, can be saved again
    """
    entries, changed_since = [], False
    for entry in trailsets.of(row, limit=50):
        changes = changes_said(type(row), entry.changes, access, row)
        entries.append(
            SimpleNamespace(
                at=entry.at,
                actor=who_said(entry.actor_name),
                verb=verb_word(entry.verb),
                key=entry.verb,
                path=entry.path,
                why=entry.why,
                changes=changes,
                run_id=entry.run_id,
                run_url=_run_url(entry.run_id),
                back_url=f"{edit_url}?as_of={entry.id}" if edit_url and changed_since else "",
            )
        )
        changed_since = changed_since or (entry.verb == "update" and bool(changes))
    return entries


def _messages(row: Any, actor: Any) -> list[Any]:
    """What was told to this reader about a row."""
    about = (Notice.table == row.__tablename__, Notice.key == row.id, Notice.user_id == actor.id)
    return list(db.session.scalars(select(Notice).where(*about).order_by(Notice.id.desc()).limit(50)))


def told_together(lines: list[Any], put_on: list[Any], messages: list[Any]) -> list[Any]:
    """Notes, files and messages among the lines of the history, each at its time."""
    told = [
        SimpleNamespace(
            at=one.at, actor=one.author, verb=_("added a file") if one.name else _("wrote a note"), key="remark", path="",
            why=(one.name or one.body)[:200], changes=[], run_id=None, run_url="", back_url="",
        )
        for one in put_on[:50]
    ] + [
        SimpleNamespace(
            at=one.created_at, actor=_("the system"), verb=_("told you"), key="message", path="", why=one.title, changes=[],
            run_id=None, run_url="", back_url="",
        )
        for one in messages
    ]  # fmt: skip
    return sorted([*lines, *told], key=lambda line: line.at, reverse=True) if told else lines


def changes_said(model: type[Any], pairs: dict[str, Any], access: policy.FieldAccess, row: Any) -> list[Any]:
    """Label, before and after of each field that this reader may see; `row` says the currency and may be None."""
    changes, known = [], specs(model)
    for name, (before, after) in pairs.items():
        if not access.readable(name):
            continue
        field = known.get(name)
        label = str(field.label) if field is not None else told_word(name)
        pair = [access.mask(name, v) if access.masked(name) else _said(field, v, row, name) for v in (before, after)]
        changes.append(SimpleNamespace(label=label, before=pair[0], after=pair[1]))
    return changes


def told_word(name: str) -> str:
    """What a line says beside the fields of a row, such as `handed_to`; a domain translates it by `told.handed_to`."""
    said = _(f"told.{name}")
    return said if said != f"told.{name}" else name.replace("_", " ")


def who_said(name: str) -> str:
    return _("the system") if name in ("system", "demo") else name


def verb_word(verb: str) -> str:
    """`order.refunded` in the reader's language; a domain translates its verbs by the name itself."""
    known = {
        "insert": _("created"),
        "update": _("changed"),
        "delete": _("deleted"),
        "restored": _("restored from the trash"),
        "purged": _("deleted for ever"),
    }
    said = known.get(verb) or _(verb)
    return said if said != verb else verb.rpartition(".")[2].replace("_", " ")


def roles_said(value: Any) -> str:
    """The keys of roles, as the trail holds them, by the names of the roles."""
    keys = value if isinstance(value, list) else str(value).split(", ")
    known = policy.REGISTRY.roles
    return ", ".join(str(known[key].label) if key in known else str(key) for key in keys)


def _said(field: FieldSpec | None, value: Any, row: Any, name: str = "") -> str:
    """A value of the trail (JSON) as a person reads it."""
    if value in (None, "", []):
        return ""
    if name == "roles":
        return roles_said(value)
    if isinstance(value, list) and field is not None and field.kind == "many":
        return ", ".join(str(label) for label in value)
    if field is None:
        return str(value)
    if field.kind == "json" and field.hidden:  # what programs keep for themselves
        return _("%(n)s parts", n=len(value)) if isinstance(value, list | dict) else str(value)
    if field.kind == "money" and isinstance(value, int):
        return str(cells.show(value, field, row)["text"])
    if field.choices is not None and (member := field.choices.of(value)) is not None:
        return str(member.label)
    if field.kind == "ref" and field.target is not None and isinstance(value, int):
        found = db.session.get(field.target, value)
        return sight.called(current_actor(), found) if found is not None else str(value)
    if field.kind == "instant":
        return str(cells.show(field.parse(value), field)["text"])
    if field.kind == "bool":
        return _("yes") if value else _("no")
    return str(value)
