"""The menu of a configuration: how it is arranged, and which modules are put away.

    {"entries": [{"key": "group:day", "label": {"en": "Day"}, "icon": "fa-sun", "children": [{"key": "books_loan"}]},
                 {"key": "link:help", "label": {"en": "Help"}, "url": "https://example.org/", "hidden": true,
                  "hidden_for": {"roles": ["support"], "people": [7]}}],
     "modules": {"books": {"hidden": true}, "desk": {"roles": ["support"]}}}

What goes without saying is not written down: an entry that says only its key is as its domain delivers it. No entries
at all are the menu as it is delivered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.core import menutargets
from app.panel.core.menutree import DEEPEST, GROUP, LINK

LANGUAGES = ("en", "zh_Hans_CN")
MAX_ENTRIES, MAX_LABEL = 400, 60
KEY = re.compile(r"(group|link):[A-Za-z0-9_-]{1,40}|list:[1-9][0-9]{0,9}|[a-z][a-z0-9_]{1,79}")
ICON = re.compile(r"fa-[a-z0-9]+(-[a-z0-9]+){0,6}")
FIELDS = {"key", "label", "icon", "url", "hidden", "hidden_for", "children"}
NOTHING: dict[str, Any] = {"entries": []}


def normal(given: Any, errors: dict[str, object]) -> dict[str, Any]:
    """The one way of writing a menu; what does not fit is a sentence in `errors` under the place where it stands."""
    given = _mapping(given or {}, "menu", errors, {"entries", "modules"})
    reader = _Entries(errors)
    result: dict[str, Any] = {"entries": reader.some(given.get("entries") or [], "menu.entries", 1)}
    if modules := _modules(given.get("modules") or {}, errors):
        result["modules"] = modules
    return result


class _Entries:
    def __init__(self, errors: dict[str, object]) -> None:
        self.errors, self.seen = errors, set[str]()

    def some(self, given: Any, at: str, level: int) -> list[dict[str, Any]]:
        if not isinstance(given, list):
            self.errors[at] = _("This is not a list.")
            return []
        if given and level > DEEPEST:
            self.errors[at] = _("A menu is at most three deep.")
            return []
        return [found for index, one in enumerate(given) if (found := self.one(one, f"{at}.{index}", level))]

    def one(self, given: Any, at: str, level: int) -> dict[str, Any]:
        entry = _mapping(given, at, self.errors, FIELDS)
        key = entry.get("key")
        if not isinstance(key, str) or not KEY.fullmatch(key):
            self.errors[at] = _("An entry of the menu needs a key.")
            return {}
        if key in self.seen or len(self.seen) >= MAX_ENTRIES:
            is_twice = key in self.seen
            self.errors[at] = _("“%(name)s” stands in the menu twice.", name=key) if is_twice else _("This menu is too long.")
            return {}
        self.seen.add(key)
        if level == DEEPEST and key.startswith(GROUP):
            self.errors[at] = _("A menu is at most three deep.")
        if entry.get("children") and not key.startswith(GROUP):
            self.errors[at] = _("Only a group holds other entries.")
        found: dict[str, Any] = {"key": key}
        said = {
            "label": _label(entry.get("label"), f"{at}.label", self.errors), "icon": self._icon(entry.get("icon"), at),
            "url": self._url(key, entry.get("url"), at), "hidden": entry.get("hidden") is True,
            "hidden_for": _away(entry.get("hidden_for"), at, self.errors),
            "children": self.some(entry.get("children") or [], f"{at}.children", level + 1),
        }  # fmt: skip
        return found | {name: value for name, value in said.items() if value}

    def _icon(self, given: Any, at: str) -> str:
        if given and not (isinstance(given, str) and len(given) <= MAX_LABEL and ICON.fullmatch(given)):
            self.errors[at] = _("There is no such icon.")
        return given or ""

    def _url(self, key: str, given: Any, at: str) -> str:
        if key.startswith(LINK):
            if isinstance(given, str) and (menutargets.is_outside(given) or menutargets.is_own(given)):
                return given
            self.errors[f"{at}.url"] = _("Give an address that begins with https:// or, for a page of this panel, with /.")
        elif given:
            self.errors[f"{at}.url"] = _("Only a link has an address of its own.")
        return ""


def _mapping(given: Any, at: str, errors: dict[str, object], known: set[str]) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not set(map(str, given)) <= known:
        errors[at] = _("This cannot be read.")
        return {}
    return dict(given)


def _label(given: Any, at: str, errors: dict[str, object]) -> dict[str, str]:
    found = _mapping(given or {}, at, errors, set(LANGUAGES))
    for language, text in found.items():
        if not isinstance(text, str) or len(text) > MAX_LABEL or not text.isprintable():
            errors[f"{at}.{language}"] = _("At most %(max)s characters.", max=MAX_LABEL)
            return {}
    return {language: text for language in LANGUAGES if (text := " ".join((found.get(language) or "").split()))}


def _away(given: Any, at: str, errors: dict[str, object]) -> dict[str, Any]:
    found = _mapping(given or {}, at, errors, {"roles", "people"})
    roles, people = found.get("roles") or [], found.get("people") or []
    if not _are(roles, str) or not _are(people, int):
        errors[at] = _("Give a list of words.")
        return {}
    return {name: kept for name, kept in (("roles", sorted(set(roles))), ("people", sorted(set(people)))) if kept}


def _are(given: Any, kind: type) -> bool:
    return isinstance(given, list) and len(given) <= MAX_ENTRIES and all(type(one) is kind and one for one in given)


def _modules(given: Any, errors: dict[str, object]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if not isinstance(given, Mapping):
        errors["menu.modules"] = _("This cannot be read.")
        return result
    for key, how in sorted(given.items(), key=lambda item: str(item[0])):
        at = f"menu.modules.{key}"
        how = _mapping(how, at, errors, {"hidden", "roles"})
        roles = how.get("roles") or []
        if not _are(roles, str):
            errors[at] = _("Give a list of words.")
            continue
        said = ({"hidden": True} if how.get("hidden") is True else {}) | ({"roles": sorted(set(roles))} if roles else {})
        if said:
            result[str(key)] = said
    return result


def problems(menu: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, object]:
    """What a menu names that is not there, apart from what stood in it before: pages, words of its own entries."""
    old = {entry["key"]: entry for entry in flat(before.get("entries", []))}
    errors: dict[str, object] = {}
    for entry in flat(menu.get("entries", [])):
        key, url = entry["key"], entry.get("url", "")
        if key.startswith(LINK) and not entry.get("label"):
            errors[f"menu.{key}.label"] = _("Give the entry a name.")
        if url and url != old.get(key, {}).get("url") and menutargets.is_own(url) and menutargets.own_page(url) is None:
            errors[f"menu.{key}.url"] = _("There is no page at %(url)s that could stand in a menu.", url=url[:80])
    return errors


def flat(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with all that is below them, from top to bottom."""
    return [one for entry in entries for one in (entry, *flat(entry.get("children", [])))]
