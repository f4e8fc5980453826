"""The shape of the menu, without a request: what the domains contribute, arranged as a document says, narrowed to a reader.

An entry of a document is `{"key", "label": {"en", "zh_Hans_CN"}, "icon", "url", "hidden", "hidden_for": {"roles", "people"},
"children"}`. Its key says what it is: a screen of ours (`books_loan`), `group:<id>`, `link:<id>` or `list:<id of a
kept view>`. What a document does not name is found at the end of its domain's group, so that a new screen is never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 3
GROUP, LINK, KEPT_LIST = "group:", "link:", "list:"
Right = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """A screen that a domain puts into the menu and what opens it; without a verb everybody who is logged in may."""

    key: str
    label: Any
    icon: str
    verb: str
    resource: str
    module: str
    url: Callable[[], str]


@dataclass(frozen=True)
class Section:
    """A group as a domain contributes it."""

    key: str
    label: Any
    icon: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Node:
    """An entry of the arranged menu, before anybody looks at it."""

    key: str
    label: Mapping[str, str] = field(default_factory=dict)
    icon: str = ""
    url: str = ""
    hidden: bool = False
    roles: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()
    children: tuple[Node, ...] = ()
    place: Place | None = None
    section: Section | None = None

    @property
    def is_group(self) -> bool:
        return self.key.startswith(GROUP)

    @property
    def is_own(self) -> bool:
        """Was it made in the browser? Only such an entry can be removed again."""
        return self.place is None and self.section is None

    @property
    def delivered_icon(self) -> str:
        return self.place.icon if self.place else self.section.icon if self.section else ""

    def delivered_label(self) -> str:
        made = self.place or self.section
        return str(made.label) if made else ""

    def shown_icon(self) -> str:
        return self.icon or self.delivered_icon or ("fa-folder" if self.is_group else "fa-link")

    def name(self, language: str) -> str:
        """Its words in a language: those of the document, else the domain's, else those of another language."""
        words = (self.label.get(language), self.delivered_label(), *self.label.values())
        return next((text for text in words if text), "")

    def hides_from(self, roles: frozenset[str], person: int | None) -> bool:
        """Of several roles of a person the widest counts: an entry is away when all of them lack it."""
        return self.hidden or person in self.people or bool(self.roles and roles and roles <= self.roles)


@dataclass(frozen=True)
class Item:
    """An entry as one reader gets it."""

    key: str
    label: str
    icon: str
    url: str = ""
    is_outside: bool = False
    children: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Target:
    """Where an entry leads, and what one needs to open it."""

    url: str
    verb: str = ""
    resource: str = ""
    module: str = ""
    label: str = ""


@dataclass(frozen=True)
class Reader:
    """Whoever looks at the menu. `rights` None holds them all."""

    language: str
    roles: frozenset[str] = frozenset()
    rights: frozenset[Right] | None = frozenset()
    person: int | None = None
    modules_off: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()  # entries that this reader never loses, lest nobody find the way back

    def may_open(self, target: Target) -> bool:
        if target.module in self.modules_off:
            return False
        return not target.verb or self.rights is None or (target.verb, target.resource) in self.rights


def arrange(sections: Sequence[Section], entries: Sequence[Mapping[str, Any]]) -> tuple[Node, ...]:
    """The delivered sections in the order and shape of a document; without one as they are delivered."""
    heads = {section.key: section for section in sections}
    places = {place.key: place for section in sections for place in section.places}
    named = set(keys_of(entries))

    def rest(section: Section) -> tuple[Node, ...]:
        return tuple(Node(place.key, place=place) for place in section.places if place.key not in named)

    def node(entry: Mapping[str, Any]) -> Node | None:
        key, section = str(entry["key"]), heads.get(str(entry["key"]))
        if not key.startswith((GROUP, LINK, KEPT_LIST)) and key not in places:
            return None  # a screen of a domain that is not there any more
        below = tuple(one for child in entry.get("children", ()) if (one := node(child)))
        away = entry.get("hidden_for") or {}
        return Node(
            key, entry.get("label") or {}, entry.get("icon", ""), entry.get("url", ""), bool(entry.get("hidden")),
            frozenset(away.get("roles", ())), frozenset(away.get("people", ())), below + (rest(section) if section else ()),
            places.get(key), section,
        )  # fmt: skip

    found = [one for entry in entries if (one := node(entry))]
    found += [
        Node(section.key, children=rest(section), section=section)
        for section in sections
        if section.key not in named and rest(section)
    ]
    return tuple(found)


def keys_of(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield str(entry["key"])
        yield from keys_of(entry.get("children", ()))


def walk(nodes: Iterable[Any]) -> Iterator[Any]:
    """Nodes or items with all that is below them, from top to bottom."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def narrow(nodes: Iterable[Node], reader: Reader, targets: Callable[[Node], Target | None]) -> tuple[Item, ...]:
    """What a reader gets to see: nothing that he may not open, nothing hidden from him, no group with nothing in it.

    :param targets: where an entry leads; None when it leads nowhere (any more)
    """
    found = []
    for node in nodes:
        is_kept = node.key in reader.keeps
        if node.hides_from(reader.roles, reader.person) and not _keeps_below(node, reader):
            continue
        if node.is_group:
            below = node.children if not node.hides_from(reader.roles, reader.person) else _kept(node, reader)
            items = narrow(below, reader, targets)
            if items:
                found.append(Item(node.key, node.name(reader.language), node.shown_icon(), children=items))
            continue
        target = targets(node)
        if target is not None and (reader.may_open(target) or (is_kept and reader.rights is None)):
            label = node.name(reader.language) or target.label
            found.append(
                Item(node.key, label, node.shown_icon(), target.url, is_outside=not target.url.startswith("/"))
            )
    return tuple(found)


def _keeps_below(node: Node, reader: Reader) -> bool:
    return bool(reader.keeps) and any(below.key in reader.keeps for below in walk((node,)))


def _kept(node: Node, reader: Reader) -> tuple[Node, ...]:
    """Of a hidden group only what leads to an entry that this reader never loses."""
    return tuple(child for child in node.children if _keeps_below(child, reader))
