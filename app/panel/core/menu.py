"""The menu of a reader: what the domains contribute, arranged as the configuration says, without what is not for him.

Core knows no configuration: `arranged_by` names whoever has one. A menu is made once for each arrangement, language
and set of rights, and then looked up; what a page adds is which entry is open and the live counts. Hiding an entry
hides its line alone: whether its page opens is asked of the policy.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g, has_request_context, request
from flask_babel import get_locale

from app.panel.core import bus, changes, menutargets, policy
from app.panel.core.actor import NOBODY, SYSTEM, current_actor
from app.panel.core.domain import Domain
from app.panel.core.menutree import KEPT_LIST, Item, Node, Place, Reader, Section, Target, arrange, narrow, walk

MOST_KEPT, MOST_DRAWN, MOST_NAMED, COUNTED_FOR = 120, 500, 500, 5.0


@dataclass(frozen=True)
class Arrangement:
    """How somebody arranged the menu. `key` is another one whenever anything of it is."""

    key: Hashable = ""
    entries: Sequence[Mapping[str, Any]] = ()
    modules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Badge:
    """A live count beside an entry, and the topics of the bus that may change it."""

    count: Callable[[Any], int]
    topics: tuple[str, ...]
    gives: tuple[tuple[str, str], ...] = ()

    def counted(self, actor: Any) -> int:
        """Nothing is counted by a field that the reader may not see."""
        open_ = all(policy.fields(actor, resource).usable(name) for resource, name in self.gives)
        return int(self.count(actor)) if open_ else 0


@dataclass
class Shown:
    """The menu of all readers who get the same."""

    items: tuple[Item, ...]
    keys: frozenset[str]
    by_url: dict[str, str]
    away: frozenset[str]  # screens that the reader may open, but that were hidden from him
    counted: tuple[str, ...]
    number: int = field(default_factory=itertools.count().__next__)  # names what is drawn of it


_badges: dict[str, Badge] = {}
_arranged: list[Callable[[], Arrangement]] = []
_kept_for: set[str] = set()


def badge(endpoint: str, *topics: str, gives: Sequence[tuple[str, str]] = ()) -> Any:
    """Register a live count for a menu entry: `@badge("books_loan", "books.Loan") def open_ones(actor): …`.

    :param gives: (resource, field) by which it counts
    """

    def register(func: Callable[[Any], int]) -> Callable[[Any], int]:
        _badges[endpoint] = Badge(func, topics, tuple(gives))
        return func

    return register


def arranged_by(func: Callable[[], Arrangement], keeps: Sequence[str] = ()) -> None:
    """Name whoever arranges the menu, and the entries that an administrator never loses."""
    _arranged[:] = [func]
    _kept_for.update(keeps)


def kept_for_administrators() -> frozenset[str]:
    return frozenset(_kept_for)


def arrangement() -> Arrangement:
    return _arranged[0]() if _arranged else Arrangement()


def sections() -> tuple[Section, ...]:
    """What the domains contribute, in its order: the same as long as the process lives."""
    kept: tuple[Section, ...] | None = current_app.extensions.get("panel_sections")
    if kept is None:
        domains = sorted(current_app.extensions["panel_domains"], key=lambda domain: domain.order)
        kept = tuple(Section(f"group:{one.key}", one.label, one.icon, _places(one)) for one in domains)
        current_app.extensions["panel_sections"] = kept
    return kept


def _places(domain: Domain) -> tuple[Place, ...]:
    places = []
    for entry in sorted(domain.entries, key=lambda entry: entry.order):
        view = current_app.extensions["panel_view_of"].get(entry.view)
        if entry.in_menu and view is not None:
            verb, resource = menutargets.needs_of(view, view.default_view)
            places.append(
                Place(view.endpoint, entry.label, entry.icon, verb, resource, domain.key, view.get_default_url)
            )
    return tuple(places)


def reader_of(actor: Any) -> Reader:
    """What of a person decides about his menu."""
    roles = frozenset(key for key, _label in policy.roles_of(actor))
    is_boss = actor is SYSTEM or policy.is_administrator(actor)
    return Reader(
        str(get_locale() or "en"), roles, None if is_boss else policy.usable(actor), getattr(actor, "id", None),
        off_for(roles), kept_for_administrators() if is_boss else frozenset(),
    )  # fmt: skip


def off_for(roles: frozenset[str]) -> frozenset[str]:
    """The modules that are hidden from whoever has just these roles; of several the widest counts."""
    modules = arrangement().modules
    return frozenset(
        key for key, how in modules.items() if how.get("hidden") or (roles and roles <= set(how.get("roles", ())))
    )


def modules_off(actor: Any) -> frozenset[str]:
    """Domains whose entries, tiles and finds this person does not want to see. His rights are the same."""
    return off_for(frozenset(key for key, _label in policy.roles_of(actor))) if arrangement().modules else frozenset()


def shown(actor: Any) -> Shown:
    """The menu of a person, made when nobody with the same rights had one before."""
    arranged = arrangement()
    if has_request_context() and (mine := g.get("_menu")) is not None and mine[:2] == (actor, arranged.key):
        return mine[2]  # type: ignore[no-any-return]
    reader = reader_of(actor)
    lists = menutargets.kept_lists(_list_ids(arranged))
    says_people = _names_people(arranged) or bool(lists)
    key = (
        arranged.key, reader.language, request.environ.get("SCRIPT_NAME", "") if has_request_context() else "", reader.roles,
        reader.rights, reader.person if says_people else None, tuple(map(str, lists.values())),
    )  # fmt: skip
    made: dict[Hashable, Shown] = current_app.extensions.setdefault("panel_menus", {})
    if (found := made.get(key)) is None:
        if len(made) >= MOST_KEPT:
            made.clear()
        found = made[key] = _made(arranged, reader, menutargets.Targets(lists, reader, actor))
    if has_request_context():
        g._menu = (actor, arranged.key, found)
    return found


def _made(arranged: Arrangement, reader: Reader, targets: Callable[[Node], Target | None]) -> Shown:
    nodes = arrange(sections(), arranged.entries)
    items = narrow(nodes, reader, targets)
    flat = [item for item in walk(items) if item.url]
    keys = frozenset(item.key for item in flat)
    hidden = {
        node.key for node in walk(nodes) if node.place and node.key not in keys and reader.may_open(_open(node.place))
    }
    views = current_app.extensions["panel_view_of"].values()
    hidden |= {view.endpoint for view in views if view.domain_key in reader.modules_off}
    counted = tuple(sorted(keys & _badges.keys()))
    return Shown(items, keys, {item.url: item.key for item in reversed(flat)}, frozenset(hidden), counted)


def _open(place: Place) -> Target:
    return Target("", place.verb, place.resource)


def _list_ids(arranged: Arrangement) -> tuple[int, ...]:
    return _facts(arranged)[0]


def _names_people(arranged: Arrangement) -> bool:
    return _facts(arranged)[1]


def _facts(arranged: Arrangement) -> tuple[tuple[int, ...], bool]:
    """(ids of kept lists, does it name people) of an arrangement: read once, for every page asks."""
    known: dict[Hashable, tuple[tuple[int, ...], bool]] = current_app.extensions.setdefault("panel_menu_facts", {})
    if (found := known.get(arranged.key)) is None:
        if len(known) >= MOST_KEPT:
            known.clear()
        nodes = list(walk(arrange(sections(), arranged.entries)))
        ids = tuple(int(node.key.removeprefix(KEPT_LIST)) for node in nodes if node.key.startswith(KEPT_LIST))
        found = known[arranged.key] = ids, any(node.people for node in nodes)
    return found


def is_away(endpoint: str, actor: Any) -> bool:
    """Was this screen hidden from a person who may open it? Search and quick entries leave it out then."""
    return endpoint in shown(actor).away


def leads_away(url: str, actor: Any) -> bool:
    """Does an address of ours lead to a screen that was hidden from this person?"""
    away = shown(actor).away
    if not away:
        return False
    target = menutargets.endpoint_of(url)
    return target is not None and target.rpartition(".")[0] in away


def entries(actor: Any) -> list[Item]:
    """Everything that the menu of a person opens, from top to bottom."""
    return [item for item in walk(shown(actor).items) if item.url]


def counts(actor: Any, of: set[str] | None = None) -> dict[str, int]:
    """The live counts of the entries that this person sees, asked anew and remembered for his next pages.

    :param of: the topics that brought news; the badges of others are not counted
    """
    known = _known_counts()
    if len(known) >= MOST_KEPT * 10:
        known.clear()
    found = {key: _badges[key].counted(actor) for key in shown(actor).counted if of is None or of & {*_badges[key].topics}}
    if not _looks_as_another(actor):
        known.update({(key, actor.id): (time.monotonic(), number) for key, number in found.items()})
    return found


def last_known(actor: Any) -> dict[str, int]:
    """The counts that were told to this person last, by this process."""
    return {key: number for (key, person), (_at, number) in [*_known_counts().items()] if person == actor.id}


def _looks_as_another(actor: Any) -> bool:
    """Is it somebody who looks at the panel as another sees it? His counts are nobody's to remember."""
    return getattr(actor, "viewer", None) is not None


def _known_counts() -> dict[tuple[str, int], tuple[float, int]]:
    known: dict[tuple[str, int], tuple[float, int]] = current_app.extensions.setdefault("panel_menu_counts", {})
    return known


def _last_counts(actor: Any, keys: Sequence[str]) -> tuple[dict[str, int], bool]:
    """The counts as they were last known, and whether the page should ask for them: drawing one asks nobody."""
    known, oldest = {} if _looks_as_another(actor) else _known_counts(), time.monotonic() - COUNTED_FOR
    last = {key: known.get((key, actor.id), (0.0, 0)) for key in keys}
    return {key: number for key, (_at, number) in last.items()}, any(at < oldest for at, _number in last.values())


@changes.heard_by
def news(table: str, keys: set[int]) -> None:
    """Let open pages count again when rows that a badge counts have changed; each hears of the rows that he may see.
    Of a row that has left his sight he hears by his own count, which is another one then: the hub asks for it.
    """
    resource = next((one for one in _listened() if _table_of(one) == table), "")
    if resource:
        bus.publish(resource, bus.COUNTED, {"ids": sorted(keys)} if len(keys) <= MOST_NAMED else {})


def _listened() -> set[str]:
    return {topic for one in _badges.values() for topic in one.topics}


def _table_of(resource: str) -> str:
    model = current_app.extensions.get("panel_models", {}).get(resource)
    return getattr(model, "__tablename__", "")


def topics(actor: Any) -> list[str]:
    """What a page listens to so that its counts stay true."""
    return sorted({topic for key in shown(actor).counted for topic in _badges[key].topics})


def _above() -> dict[str, str]:
    """Pages without an entry, and the entry that each says it belongs to."""
    known: dict[str, str] | None = current_app.extensions.get("panel_pages_above")
    if known is None:
        pages: Any = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
        known = {page.endpoint: page.stands_under for page in pages if getattr(page, "stands_under", "")}
        known |= {f"{page.endpoint}.{name}": to for page in pages for name, to in getattr(page, "apart", {}).items()}
        lists, sheets = current_app.extensions["panel_views"], current_app.extensions.get("panel_sheets", {})
        known |= {sheet.rpartition(".")[0]: lists[model].endpoint for model, sheet in sheets.items() if model in lists}
        current_app.extensions["panel_pages_above"] = known
    return known


def _open_key(menu: Shown) -> str:
    """Which entry is lit up: the very address, else the one whose list, show page or form is open, else what it is a page of."""
    full = request.full_path.rstrip("?")
    prefix = request.environ.get("SCRIPT_NAME", "")
    for url in (prefix + full, prefix + request.path):
        if url in menu.by_url:
            return menu.by_url[url]
    if (apart := _above().get(str(request.endpoint), "")) in menu.keys:
        return apart
    if request.blueprint in menu.keys:
        return str(request.blueprint)
    if (above := _above().get(str(request.blueprint), "")) in menu.keys:
        return above
    around = [url for url in menu.by_url if url.count("/") > 2 and url.endswith("/") and (prefix + request.path).startswith(url)]
    return menu.by_url[max(around, key=len)] if around else ""


def drawn() -> Any:
    """The entries as HTML for the page at hand."""
    actor = current_actor()
    if actor is NOBODY:
        return ""
    menu = shown(actor)
    numbers, is_old = _last_counts(actor, menu.counted)
    key = (menu.number, open_ := _open_key(menu), tuple(numbers.items()), is_old)
    kept: dict[Hashable, Any] = current_app.extensions.setdefault("panel_menu_drawn", {})
    if (found := kept.get(key)) is None:
        if len(kept) >= MOST_DRAWN:
            kept.clear()
        parts: Any = current_app.jinja_env.get_template("panel/_menu_items.html").module
        told = {"numbers": numbers, "is_old": is_old, "topics": " ".join(topics(actor))}
        found = kept[key] = parts.tree(menu.items, open_, lit_by(menu.items, open_), told)
    return found


def lit_by(items: Sequence[Item], key: str) -> frozenset[str]:
    """The keys of the groups around an entry."""
    found: set[str] = set()
    for item in items:
        below = lit_by(item.children, key)
        if below or any(child.key == key for child in item.children):
            found |= {item.key, *below}
    return frozenset(found)
