"""The menu and the modules of the panel, arranged in the draft of the configuration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.accounts import domain
from app.panel.accounts.configuration import document, store
from app.panel.accounts.menus import describing, editing, icons, serving
from app.panel.accounts.models import User, full_name
from app.panel.core import menu, menutargets, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errorpages import wants_json
from app.panel.core.errors import BadRequest, DomainError
from app.panel.core.menutree import walk
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.savedlists import SavedList

MOST_PEOPLE, MOST_LISTS = 300, 200
KINDS = ("group", "link", "list")
menu.arranged_by(serving.arrangement, keeps=("accounts_menu",))


@domain.page(_("Menu"), icon="fa-bars-staggered", order=24)
class MenuPage(PanelPage):
    """The tree of the menu, one entry of it, and what a role gets to see of it."""

    route_base = "/accounts/menu"
    resource = store.RESOURCE
    title = _("Menu")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        return self.render("accounts/menu.html", **_told(request.args))

    @expose("/icons")
    @needs("read")
    def icons(self) -> Any:
        """The names of all icons, for the search among them."""
        return {"icons": sorted(icons.names())}

    @expose("/", methods=["POST"])
    @needs("write")
    def change(self) -> Any:
        """One change of the draft; the answer says it in words and shows the tree as it is now."""
        form = request.form
        do, _colon, key = form.get("do", "").partition(":")
        asked = {name: form[name] for name in ("as", "edit", "add") if form.get(name)}
        try:
            said, asked = _change(do, key, form, asked)
        except DomainError as error:
            if wants_json() or error.status == 409:
                raise
            flash(error.message, "danger")
            return redirect(_address(asked))
        if not wants_json():
            flash(said, "success")
            return redirect(_address(asked, key))
        told = _told(asked)
        html = render_template("accounts/_menu_editor.html", **told)
        return {"said": said, "address": _address(asked), "html": html}

    @expose("/modules/")
    @needs("read")
    def modules(self) -> Any:
        draft = store.draft()
        rows = _modules(draft.document, store.published())
        return self.render("accounts/modules.html", title=gettext("Modules"), draft=draft, rows=rows, may_write=_may_write())

    @expose("/modules/", methods=["POST"])
    @needs("write")
    def set_module(self) -> Any:
        form = request.form
        key = form.get("module", "")
        label = next((str(one.label) for one in _hideable() if one.key == key), None)
        if label is None:
            raise BadRequest(gettext("There is no such module."))
        roles = [role for role in form.getlist("roles") if role in store.draft().document["roles"]]
        hidden = form.get("shown") != "1"
        draft = store.edit(
            lambda wanted: editing.set_module(wanted, key, hidden=hidden, roles=roles),
            actor=current_actor(), version=_version(form),
        )  # fmt: skip
        said = gettext("%(name)s: kept in the draft.", name=label)
        if wants_json():
            return {"version": draft.version, "said": said, "begun": draft.begun}
        flash(said, "success")
        return redirect(url_for("accounts_menu.modules", _anchor=f"module-{key}"))


def _may_write() -> bool:
    return policy.allowed(current_actor(), "write", store.RESOURCE)


def _version(form: Any) -> int | None:
    text = form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _address(asked: dict[str, str], key: str = "") -> str:
    arguments: dict[str, Any] = {**asked, "_anchor": f"entry-{key.replace(':', '-')}" if key else None}
    return url_for("accounts_menu.index", **arguments)


def _change(do: str, key: str, form: Any, asked: dict[str, str]) -> tuple[str, dict[str, str]]:
    """(what happened in words, what the page shows next)."""
    version, actor = _version(form), current_actor()

    def edit(change: Any) -> store.Draft:
        return editing.edit(change, actor=actor, version=version)

    if do in editing.MOVES:
        draft = edit(lambda entries: editing.move(entries, key, do))
    elif do == "put":
        index = form.get("index", "")
        draft = edit(lambda entries: editing.put(entries, key, form.get("parent", ""), int(index) if index.isdecimal() else 0))
    elif do in ("hide", "show"):
        draft = edit(lambda entries: editing.hide(entries, key, do == "hide"))
    elif do == "save":
        draft = edit(lambda entries: editing.describe(entries, key, **_described(form)))
    elif do == "add" and key in KINDS:
        made: list[str] = []
        edit(lambda entries: made.append(_added(entries, key, form)))
        kept = {name: value for name, value in asked.items() if name == "as"}
        return gettext("Added on top. Now bring it to its place."), {**kept, "edit": made[0]}
    elif do == "remove":
        edit(lambda entries: editing.remove(entries, key))
        return gettext("Removed."), {name: value for name, value in asked.items() if name != "edit"}
    elif do == "deliver":
        store.edit(lambda wanted: wanted["menu"].update(entries=[]), actor=actor, version=version)
        return gettext("The menu is as delivered again."), {name: value for name, value in asked.items() if name == "as"}
    else:
        raise BadRequest(gettext("There is nothing here."))
    return _said(do, key, draft), asked


def _added(entries: editing.Entries, kind: str, form: Any) -> str:
    chosen = form.get("list", "")
    if kind == "list" and (not chosen.isdecimal() or int(chosen) not in {one.id for one in _lists()}):
        raise BadRequest(gettext("Please choose a view of a list."))
    list_id = int(chosen) if kind == "list" else 0
    return editing.add(
        entries, kind, label=_label(form), icon=_icon(form), url=form.get("url", "").strip(), list_id=list_id
    )


def _described(form: Any) -> dict[str, Any]:
    roles = [role for role in form.getlist("roles") if role in store.draft().document["roles"]]
    people = [int(text) for text in form.getlist("people") if text.isdecimal() and len(text) < 10]
    return {
        "label": _label(form), "icon": _icon(form), "url": form.get("url", "").strip(), "hidden": form.get("hidden") == "1",
        "roles": roles, "people": people,
    }  # fmt: skip


def _label(form: Any) -> dict[str, str]:
    return {language: " ".join(form.get(f"label_{language}", "").split()) for language in document.LANGUAGES}


def _icon(form: Any) -> str:
    wanted = (form.get("icon_other") or form.get("icon") or "").strip()
    if wanted and wanted not in icons.names():
        raise BadRequest(gettext("There is no such icon."))
    return wanted


def _said(do: str, key: str, draft: store.Draft) -> str:
    """Where an entry stands now, for the ear as well as for the eye."""
    entries = editing.full(draft.document["menu"]["entries"])
    siblings, index, around = editing.find(entries, key)
    names = describing.names_of(describing.nodes_of(draft.document))
    language = str(get_locale() or "en")
    words = {"name": names[key].get(language) or key, "n": index + 1, "total": len(siblings)}
    if do in ("save", "hide", "show"):
        sentences = {
            "save": gettext("“%(name)s” is kept in the draft.", name=words["name"]),
            "hide": gettext("“%(name)s” is hidden.", name=words["name"]),
            "show": gettext("“%(name)s” is shown again.", name=words["name"]),
        }  # fmt: skip
        return sentences[do]
    if around:
        group = names[around[-1]["key"]].get(language) or around[-1]["key"]
        return gettext("“%(name)s” is now number %(n)s of %(total)s in “%(group)s”.", group=group, **words)
    return gettext("“%(name)s” is now number %(n)s of %(total)s at the top level.", **words)


def _told(args: Any) -> dict[str, Any]:
    """Everything that the editor shows."""
    draft, published = store.draft(), store.published()
    people = _people()
    rows = describing.rows(draft.document, published, {person.id: person.name for person in people})
    marks = describing.differences(draft.document["menu"], published["menu"])
    roles = _roles(draft.document)
    role = next((one.key for one in roles if one.key == args.get("as")), roles[0].key if roles else "")
    add = args.get("add") if args.get("add") in KINDS else ""
    chosen = next((row for row in walk(rows) if row.key == args.get("edit")), None) if not add else None
    may_write = _may_write()
    return {
        "draft": draft, "rows": rows, "changed": len(marks), "removed": sum("removed" in kinds for kinds in marks.values()),
        "is_delivered": not draft.document["menu"]["entries"], "roles": roles, "role": role, "may_write": may_write, "add": add,
        "preview": describing.preview(draft.document, role) if role else (), "chosen": chosen if may_write else None,
        "people": people, "lists": _lists() if add == "list" else [], "common": _common(),
    }  # fmt: skip


def _common() -> list[Any]:
    language = str(get_locale() or "en")
    return [
        SimpleNamespace(name=name, label=icons.word(language, english, chinese), words=f"{name} {english} {chinese}".lower())
        for name, english, chinese in icons.COMMON
    ]


def _roles(wanted: document.Document) -> list[Any]:
    """The roles of the draft, in order; the administrator's last, who sees the most."""
    known = policy.REGISTRY.roles
    keys = sorted(wanted["roles"], key=lambda key: (key == policy.ADMINISTRATOR, known[key].order if key in known else 1000, key))
    return [SimpleNamespace(key=key, label=describing.role_label(key, wanted)) for key in keys]


def _people() -> list[Any]:
    found = db.session.scalars(select(User).where(User.active.is_(True)).order_by(User.first_name, User.id).limit(MOST_PEOPLE))
    return [SimpleNamespace(id=user.id, name=full_name(user)) for user in found]


def _lists() -> list[Any]:
    """Kept views that are shared with somebody, by the list that they belong to."""
    rows: Any = db.session.scalars(
        select(SavedList).where(SavedList.is_shared).order_by(SavedList.list_key, SavedList.name).limit(MOST_LISTS)
    )
    found = [(row, menutargets.list_view(row.list_key)) for row in rows]
    return [SimpleNamespace(id=row.id, name=row.name, of=str(view.title)) for row, view in found if view is not None]


def _hideable() -> list[Any]:
    """Every domain with a screen; people and rights stay, for the way back leads through them."""
    domains = sorted(current_app.extensions["panel_domains"], key=lambda one: one.order)
    return [one for one in domains if one.key != domain.key and any(entry.in_menu for entry in one.entries)]


def _modules(draft: document.Document, published: document.Document) -> list[Any]:
    said, before = draft["menu"].get("modules", {}), published["menu"].get("modules", {})
    roles, found = _roles(draft), []
    for one in _hideable():
        how = said.get(one.key, {})
        words = [str(entry.label) for entry in sorted(one.entries, key=lambda entry: entry.order) if entry.in_menu]
        found.append(
            SimpleNamespace(
                key=one.key, label=str(one.label), icon=one.icon, entries=words, is_shown=not how.get("hidden"),
                roles=[SimpleNamespace(key=role.key, label=role.label, on=role.key in how.get("roles", ())) for role in roles],
                is_changed=how != before.get(one.key, {}),
            )
        )  # fmt: skip
    return found
