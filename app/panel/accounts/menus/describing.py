"""The menu of a draft as its editor shows it: what each entry is called, who sees it, what differs from what holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import SimpleNamespace
from typing import Any

from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from app.panel.accounts import queries
from app.panel.accounts.configuration.document import LANGUAGES, Document, pairs
from app.panel.accounts.configuration.menu import flat
from app.panel.accounts.menus import editing
from app.panel.core import menu, menutargets, policy
from app.panel.core.menutree import GROUP, KEPT_LIST, LINK, Item, Node, Reader, arrange, narrow, walk

Names = dict[str, dict[str, str]]


def rows(draft: Document, published: Document, people: Mapping[int, str]) -> list[Any]:
    """The tree, an entry a namespace: {key, level, label, other, icon, kind, hides, marks, can, children …}."""
    nodes = nodes_of(draft)
    told = _Told(draft, people, names_of(nodes), differences(draft["menu"], published["menu"]))
    return told.some(nodes, editing.full(draft["menu"]["entries"]), 1)


def nodes_of(wanted: Document) -> tuple[Node, ...]:
    """The tree of a document, with what the domains contribute to it."""
    return arrange(menu.sections(), wanted["menu"]["entries"])


def role_label(key: str, draft: Document) -> str:
    """What a role is called: as the draft says, else as the code does."""
    said = draft["roles"].get(key, {}).get("label") or {}
    return str(said.get(str(get_locale())) or queries.role_label(key))


class _Told:
    def __init__(self, draft: Document, people: Mapping[int, str], names: Names, marks: dict[str, set[str]]) -> None:
        self.draft, self.people, self.names, self.marks = draft, people, names, marks
        self.language = str(get_locale() or "en")

    def some(self, nodes: Sequence[Node], entries: list[dict[str, Any]], level: int) -> list[Any]:
        return [self.one(node, entries, index, level) for index, node in enumerate(nodes)]

    def one(self, node: Node, siblings: list[dict[str, Any]], index: int, level: int) -> Any:
        names, marks = self.names[node.key], mark_words()
        other = next((names[key] for key in LANGUAGES if key != self.language and names[key]), "")
        label = names.get(self.language) or other or node.key
        children = self.some(node.children, siblings[index].get("children", []), level + 1)
        return SimpleNamespace(
            key=node.key, level=level, index=index, label=label, other=other if other != label else "", icon=node.shown_icon(),
            kind=_kind(node), url=node.url, hidden=node.hidden, hides=self._hides(node), is_own=node.is_own, is_group=node.is_group,
            marks=[marks[mark] for mark in marks if mark in self.marks.get(node.key, ())], children=children,
            can=editing.possible(siblings, index, level), node=node, names=names,
        )  # fmt: skip

    def _hides(self, node: Node) -> str:
        if node.hidden:
            return _("Hidden")
        whom = [role_label(role, self.draft) for role in sorted(node.roles)]
        whom += [self.people.get(person, f"#{person}") for person in sorted(node.people)]
        return _("Hidden from %(whom)s", whom=_(", ").join(whom)) if whom else ""


def _kind(node: Node) -> str:
    if node.is_group:
        return "group"
    return "list" if node.key.startswith(KEPT_LIST) else "link" if node.key.startswith(LINK) else "page"


def names_of(nodes: Sequence[Node]) -> Names:
    """Key → language → words: those of the document, else the delivered ones, else those of the kept view."""
    every = list(walk(nodes))
    ids = [int(node.key.removeprefix(KEPT_LIST)) for node in every if node.key.startswith(KEPT_LIST)]
    lists = {f"{KEPT_LIST}{key}": kept.name for key, kept in menutargets.kept_lists(ids).items()}
    found: Names = {node.key: {} for node in every}
    for language in LANGUAGES:
        with force_locale(language):
            for node in every:
                found[node.key][language] = node.label.get(language) or node.delivered_label() or lists.get(node.key, "")
    return found


def mark_words() -> dict[str, str]:
    """What a mark is called, in the order in which they stand."""
    return {
        "new": _("new"), "moved": _("moved"), "renamed": _("renamed"), "icon": _("other icon"), "url": _("other address"),
        "hiding": _("seen by others"),
    }  # fmt: skip


def differences(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, set[str]]:
    """Key → marks of the entries that differ between two menus; `removed` of those that are only in `before`."""
    now, old = editing.full(after["entries"]), editing.full(before["entries"])
    parents, were = dict(_parents(now, "")), dict(_parents(old, ""))
    said, was = {entry["key"]: entry for entry in flat(now)}, {entry["key"]: entry for entry in flat(old)}
    moved = _reordered(now, old)
    found: dict[str, set[str]] = {key: {"removed"} for key in was.keys() - said.keys()}
    for key, entry in said.items():
        if key not in was:
            found[key] = {"new"}
            continue
        marks = {"moved"} if parents[key] != were[key] or key in moved else set()
        for name, mark in (("label", "renamed"), ("icon", "icon"), ("url", "url"), ("hidden", "hiding"), ("hidden_for", "hiding")):
            if entry.get(name) != was[key].get(name):
                marks.add(mark)
        if marks:
            found[key] = marks
    return found


def _parents(entries: list[dict[str, Any]], parent: str) -> list[tuple[str, str]]:
    return [
        pair
        for entry in entries
        for pair in ((entry["key"], parent), *_parents(entry.get("children", []), entry["key"]))
    ]


def _reordered(now: list[dict[str, Any]], old: list[dict[str, Any]]) -> set[str]:
    """Keys that stand in another order among the siblings that they had before."""
    before = {"": [entry["key"] for entry in old]}
    before |= {entry["key"]: [child["key"] for child in entry.get("children", [])] for entry in flat(old)}
    after = {"": [entry["key"] for entry in now]}
    after |= {entry["key"]: [child["key"] for child in entry.get("children", [])] for entry in flat(now)}
    found: set[str] = set()
    for parent, keys in after.items():
        both = set(keys) & set(before.get(parent, ()))
        first, second = [key for key in before.get(parent, ()) if key in both], [key for key in keys if key in both]
        blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
        found |= both - {first[block.a + offset] for block in blocks for offset in range(block.size)}
    return found


@dataclass(frozen=True)
class Told:
    """One difference of two menus: the entry or module, what was and is said of it, and a sentence."""

    key: str
    before: Any
    after: Any
    sentence: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Told]:
    """What one menu says otherwise than another, an entry a sentence, in the order of the menu."""
    old = {entry["key"]: entry for entry in flat(editing.full(before["entries"]))}
    new = {entry["key"]: entry for entry in flat(editing.full(after["entries"]))}
    names = names_of(arrange(menu.sections(), before["entries"])) | names_of(arrange(menu.sections(), after["entries"]))
    marks, language = differences(after, before), str(get_locale() or "en")
    for key in [*new, *(key for key in old if key not in new)]:
        if key in marks:
            word = names[key].get(language) or next((name for name in names[key].values() if name), key)
            said = (_alone(old.get(key)), _alone(new.get(key)))
            yield Told(key, *said, _sentence(marks[key], new.get(key, {}), word))
    yield from _of_modules(before.get("modules", {}), after.get("modules", {}))


def _alone(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: value for name, value in entry.items() if name != "children"} if entry else None


def _sentence(marks: set[str], entry: Mapping[str, Any], word: str) -> str:
    if marks == {"new"}:
        return _("New in the menu: %(entry)s", entry=word)
    if marks == {"removed"}:
        return _("Gone from the menu: %(entry)s", entry=word)
    if marks == {"moved"}:
        return _("Moved in the menu: %(entry)s", entry=word)
    if marks == {"hiding"} and (entry.get("hidden") or not entry.get("hidden_for")):
        return _("Hidden in the menu: %(entry)s", entry=word) if entry.get("hidden") else _("Shown again: %(entry)s", entry=word)
    words = mark_words()
    how = _(", ").join(words[mark] for mark in words if mark in marks)
    return _("Changed in the menu: %(entry)s (%(how)s)", entry=word, how=how)


def _of_modules(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Told]:
    labels = {section.key.removeprefix(GROUP): str(section.label) for section in menu.sections()}
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        word = labels.get(key, key)
        if now and now.get("hidden"):
            sentence = _("Module put away: %(module)s", module=word)
        elif now:
            whom = _(", ").join(str(queries.role_label(role)) for role in now.get("roles", ()))
            sentence = _("Module put away for %(roles)s: %(module)s", module=word, roles=whom)
        else:
            sentence = _("Module shown again: %(module)s", module=word)
        yield Told(key, was, now, sentence)


def preview(draft: Document, role: str) -> tuple[Item, ...]:
    """The menu of the draft as somebody has it who has just this role, with the rights that the draft gives it."""
    modules = draft["menu"].get("modules", {})
    off = frozenset(key for key, how in modules.items() if how.get("hidden") or role in how.get("roles", ()))
    is_boss = role == policy.ADMINISTRATOR
    rights = None if is_boss else frozenset(pairs(draft["roles"][role]))
    keeps = menu.kept_for_administrators() if is_boss else frozenset()
    reader = Reader(str(get_locale() or "en"), frozenset({role}), rights, None, off, keeps)
    nodes = nodes_of(draft)
    ids = [int(node.key.removeprefix(KEPT_LIST)) for node in walk(nodes) if node.key.startswith(KEPT_LIST)]
    return narrow(nodes, reader, menutargets.Targets(menutargets.kept_lists(ids), reader))
