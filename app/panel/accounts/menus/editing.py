"""Changes of the menu in a draft. Each is a function on the whole tree; what is as delivered is not written down."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.accounts.configuration import store
from app.panel.accounts.configuration.document import Document
from app.panel.core import menu
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.menutree import DEEPEST, GROUP, KEPT_LIST, LINK, Node, arrange

Entry = dict[str, Any]
Entries = list[Entry]
MOVES = ("up", "down", "in", "out")


def full(entries: Entries) -> Entries:
    """Every entry of the menu, also those that the document does not name."""
    return [_entry(node) for node in arrange(menu.sections(), entries)]


def _entry(node: Node) -> Entry:
    away = {"roles": sorted(node.roles), "people": sorted(node.people)}
    said = {
        "label": dict(node.label), "icon": node.icon, "url": node.url, "hidden": node.hidden,
        "hidden_for": {name: keys for name, keys in away.items() if keys}, "children": [_entry(child) for child in node.children],
    }  # fmt: skip
    return {"key": node.key} | {name: value for name, value in said.items() if value}


def edit(change: Callable[[Entries], Any], *, actor: Any, version: int | None = None) -> store.Draft:
    """Change the entries of the draft: `edit(lambda entries: move(entries, "books_loan", "up"), actor=actor)`."""

    def on_document(document: Document) -> None:
        entries = full(document["menu"]["entries"])
        change(entries)
        document["menu"]["entries"] = [] if entries == full([]) else entries

    return store.edit(on_document, actor=actor, version=version)


def find(entries: Entries, key: str) -> tuple[Entries, int, list[Entry]]:
    """(siblings, place among them, groups around it from the outermost) of an entry.

    :raises NotFound: when the menu has none of this key
    """
    found = _find(entries, key, [])
    if found is None:
        raise NotFound(_("There is no such entry in the menu."))
    return found


def _find(entries: Entries, key: str, around: list[Entry]) -> tuple[Entries, int, list[Entry]] | None:
    for index, entry in enumerate(entries):
        if entry["key"] == key:
            return entries, index, around
        if found := _find(entry.get("children", []), key, [*around, entry]):
            return found
    return None


def height(entry: Mapping[str, Any]) -> int:
    """How many levels an entry takes; a group takes two, so that something can stand in it."""
    below = [height(child) for child in entry.get("children", ())]
    return 1 + max(below, default=1 if is_group(entry) else 0)


def is_group(entry: Mapping[str, Any]) -> bool:
    return str(entry["key"]).startswith(GROUP)


def possible(siblings: Entries, index: int, level: int) -> set[str]:
    """Which moves an entry can make."""
    found = {"up"} if index else set()
    found |= {"down"} if index < len(siblings) - 1 else set()
    found |= {"out"} if level > 1 else set()
    before = siblings[index - 1] if index else None
    if before is not None and is_group(before) and level + height(siblings[index]) <= DEEPEST:
        found.add("in")
    return found


def move(entries: Entries, key: str, how: str) -> None:
    """One step: up or down among its siblings, in to the group above it, out behind the group that it stands in."""
    siblings, index, around = find(entries, key)
    if how not in possible(siblings, index, len(around) + 1):
        raise InvalidInput({"move": _("The entry cannot move further this way.")})
    entry = siblings.pop(index)
    if how in ("up", "down"):
        siblings.insert(index + (1 if how == "down" else -1), entry)
    elif how == "in":
        siblings[index - 1].setdefault("children", []).append(entry)
    else:
        outer, place, _around = find(entries, around[-1]["key"])
        outer.insert(place + 1, entry)
    _without_empty_lists(entries)


def put(entries: Entries, key: str, parent: str, index: int) -> None:
    """Take an entry to a place in a group, or with no parent to the top level."""
    siblings, place, _around = find(entries, key)
    entry = siblings.pop(place)
    if parent:
        if _find([entry], parent, []) is not None:
            raise InvalidInput({"move": _("A group cannot stand in itself.")})
        others, at, around = find(entries, parent)
        group, level = others[at], len(around) + 2
        if not is_group(group):
            raise InvalidInput({"move": _("Only a group holds other entries.")})
        target = group.setdefault("children", [])
    else:
        target, level = entries, 1
    if level + height(entry) - 1 > DEEPEST:
        raise InvalidInput({"move": _("A menu is at most three deep.")})
    target.insert(max(0, min(index, len(target))), entry)
    _without_empty_lists(entries)


def describe(
    entries: Entries, key: str, *, label: Mapping[str, str], icon: str, roles: Iterable[str], people: Iterable[int],
    hidden: bool, url: str = "",
) -> None:  # fmt: skip
    """Name, icon and who does not see it; nothing said is as delivered."""
    siblings, index, _around = find(entries, key)
    entry = siblings[index]
    if (key.startswith(LINK) or (is_group(entry) and _is_own(key))) and not any(label.values()):
        raise InvalidInput({"label": _("Give the entry a name.")})
    away = {"roles": sorted(set(roles)), "people": sorted(set(people))}
    said = {
        "label": {language: text for language, text in label.items() if text}, "icon": icon, "hidden": hidden,
        "hidden_for": {name: keys for name, keys in away.items() if keys}, "url": url if key.startswith(LINK) else "",
    }  # fmt: skip
    for name, value in said.items():
        _say(entry, name, value)


def hide(entries: Entries, key: str, hidden: bool) -> None:
    siblings, index, _around = find(entries, key)
    _say(siblings[index], "hidden", hidden)


def add(entries: Entries, kind: str, *, label: Mapping[str, str], icon: str = "", url: str = "", list_id: int = 0) -> str:
    """Put a group or link of one's own, or a kept view of a list, on top of the menu, where it is seen; gives its key."""
    names = {language: text for language, text in label.items() if text}
    if kind == "list":
        key = f"{KEPT_LIST}{list_id}"
        if _find(entries, key, []) is not None:
            raise InvalidInput({"list": _("This view of a list stands in the menu already.")})
    else:
        key = f"{GROUP if kind == 'group' else LINK}{secrets.token_hex(4)}"
        if not names:
            raise InvalidInput({"label": _("Give the entry a name.")})
    entry: Entry = {"key": key}
    for name, value in (("label", names), ("icon", icon), ("url", url if kind == "link" else "")):
        _say(entry, name, value)
    entries.insert(0, entry)
    return key


def remove(entries: Entries, key: str) -> None:
    """Take an entry of one's own away; what stood in a group takes its place."""
    siblings, index, _around = find(entries, key)
    if not _is_own(key):
        raise InvalidInput({"key": _("What comes with the panel can be hidden, not removed.")})
    siblings[index : index + 1] = siblings[index].get("children", [])
    _without_empty_lists(entries)


def _is_own(key: str) -> bool:
    delivered = {section.key for section in menu.sections()}
    return key.startswith((LINK, KEPT_LIST)) or (key.startswith(GROUP) and key not in delivered)


def _say(entry: Entry, name: str, value: Any) -> None:
    if value:
        entry[name] = value
    else:
        entry.pop(name, None)


def _without_empty_lists(entries: Entries) -> None:
    for entry in entries:
        if "children" in entry:
            _without_empty_lists(entry["children"])
            _say(entry, "children", entry["children"])


def set_module(document: Document, module: str, *, hidden: bool, roles: Iterable[str]) -> None:
    """Put a module away for everybody or for some roles, or bring it back. Its data and rights stay as they are."""
    modules = document["menu"].setdefault("modules", {})
    said = ({"hidden": True} if hidden else {}) | ({"roles": sorted(set(roles))} if list(roles) else {})
    _say(modules, module, said)
