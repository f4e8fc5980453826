"""The configuration of the back office as one document: what it may hold, and what it is when nothing is said.

Nothing here asks the database. A document is a dict that JSON and YAML can carry:

    {"format": 1,
     "roles": {"support": {"label": {}, "description": {}, "rights": {"orders.Order": ["read", "ship"]},
                           "rows": {"orders.Order": [{"note": "…", "filter": {…}}]},
                           "fields": {"orders.Order": {"total": "hidden"}}, "two_step": false, "reveals_a_day": 50}},
     "menu": {"entries": []}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.accounts.configuration import menu, rules
from app.panel.core import policy
from app.panel.core.errors import InvalidInput

FORMAT = 1
LANGUAGES = ("en", "zh_Hans_CN")
HIDDEN, MASKED, READ, WRITE = "hidden", "masked", "read", "write"
LEVELS = (HIDDEN, MASKED, READ, WRITE)  # the more one may, the later; "write" is never written down: it goes without saying
REVEALS_A_DAY = 50
MAX_ROLES, MAX_RULES, MAX_LABEL, MAX_TEXT, MAX_REVEALS, MAX_BYTES = 200, 20, 64, 500, 10_000, 1_000_000

Document = dict[str, Any]
Change = Callable[[Document], None]


def empty() -> Document:
    """A configuration that says nothing."""
    return {"format": FORMAT, "roles": {}, "menu": {"entries": []}}


def new_role(rights: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A role without rules, with these rights."""
    return {
        "label": {}, "description": {}, "rights": {name: sorted(verbs) for name, verbs in (rights or {}).items()},
        "rows": {}, "fields": {}, "two_step": False, "reveals_a_day": REVEALS_A_DAY,
    }  # fmt: skip


def digest(document: Document) -> str:
    """The same for documents that say the same."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def normal(document: Document) -> Document:
    """The same document in the one way of writing it: sorted, complete, without what goes without saying.

    :raises InvalidInput: when its shape is not that of a configuration
    """
    shaped = _Shape()
    result = shaped.document(document)
    if shaped.errors:
        raise InvalidInput(shaped.errors)
    return result


def pairs(entry: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(verb, resource) of a role of a document."""
    return {(verb, resource) for resource, verbs in entry["rights"].items() for verb in verbs}


def readers(entries: Iterable[Mapping[str, Any]], resource: str) -> list[Mapping[str, Any]]:
    """The roles through which somebody reads a resource; where none says so, those that have a rule about it."""
    mine = list(entries)
    reading = [entry for entry in mine if "read" in entry["rights"].get(resource, ())]
    return reading or [entry for entry in mine if resource in entry["rows"] or resource in entry["fields"]]


class _Shape:
    """Reads a document that anybody may have written; what does not fit is a sentence under the place where it stands."""

    def __init__(self) -> None:
        self.errors: dict[str, object] = {}

    def document(self, given: Any) -> Document:
        given = self._mapping(given, "configuration", {"format", "roles", "menu"})
        if given.get("format") != FORMAT:
            self.errors["format"] = _("This is not a configuration of this version.")
        found = self._mapping(given.get("roles") or {}, "roles")
        if len(found) > MAX_ROLES:
            self.errors["roles"] = _("At most %(max)s roles.", max=MAX_ROLES)
            found = {}
        result = {
            "format": FORMAT,
            "roles": {key: self.role(key, entry) for key, entry in sorted(found.items(), key=lambda item: str(item[0]))},
            "menu": menu.normal(given.get("menu"), self.errors),
        }
        if not self.errors and not _is_plain(result):
            self.errors["configuration"] = _("This cannot be read.")
        if not self.errors and len(json.dumps(result)) > MAX_BYTES:
            self.errors["configuration"] = _("This configuration is too large.")
        return result

    def role(self, key: Any, given: Any) -> dict[str, Any]:
        at, plain = f"roles.{key}", new_role()
        if not isinstance(key, str) or not key.strip() or key != key.strip() or len(key) > MAX_LABEL or not key.isprintable():
            self.errors[at] = _("A role needs a short name.")
        given = self._mapping(given, at, set(plain))
        rights = {
            resource: sorted(set(verbs))
            for resource, verbs in sorted(self._mapping(given.get("rights") or {}, f"{at}.rights").items())
            if verbs and self._words(verbs, f"{at}.rights.{resource}")
        }
        return {
            "label": self._texts(given.get("label"), f"{at}.label", MAX_LABEL),
            "description": self._texts(given.get("description"), f"{at}.description", MAX_TEXT),
            "rights": rights,
            "rows": self._rows(given.get("rows"), f"{at}.rows"),
            "fields": self._fields(given.get("fields"), f"{at}.fields"),
            "two_step": self._flag(given.get("two_step", False), f"{at}.two_step"),
            "reveals_a_day": self._number(given.get("reveals_a_day", REVEALS_A_DAY), f"{at}.reveals_a_day"),
        }

    def _rows(self, given: Any, at: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for resource, given_rules in sorted(self._mapping(given or {}, at).items()):
            here = f"{at}.{resource}"
            if not isinstance(given_rules, list) or len(given_rules) > MAX_RULES:
                self.errors[here] = _("Give a list of at most %(max)s rules.", max=MAX_RULES)
                continue
            kept = [self._rule(rule, f"{here}.{index}") for index, rule in enumerate(given_rules)]
            if kept:
                result[resource] = kept
        return result

    def _rule(self, given: Any, at: str) -> dict[str, Any]:
        rule = self._mapping(given, at, {"note", "filter"})
        if not isinstance(rule.get("filter"), dict) or not rule["filter"]:
            self.errors[at] = _("A rule needs a condition.")
        elif not _is_plain(rule["filter"]):
            self.errors[at] = _("This cannot be read.")
            return {"note": "", "filter": {}}
        return {"note": self._text(rule.get("note") or "", f"{at}.note", MAX_TEXT), "filter": rule.get("filter") or {}}

    def _fields(self, given: Any, at: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for resource, levels in sorted(self._mapping(given or {}, at).items()):
            here = f"{at}.{resource}"
            for name, level in sorted(self._mapping(levels, here).items()):
                if level not in LEVELS:
                    self.errors[f"{here}.{name}"] = _("Say hidden, masked, read or write.")
                elif level != WRITE:
                    result.setdefault(resource, {})[name] = level
        return result

    def _mapping(self, given: Any, at: str, known: set[str] | None = None) -> dict[str, Any]:
        if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
            self.errors[at] = _("This cannot be read.")
            return {}
        if unknown := sorted(set(given) - known) if known is not None else []:
            self.errors[at] = _("“%(name)s” is not known here.", name=unknown[0][:60])
        return dict(given)

    def _words(self, given: Any, at: str) -> bool:
        if isinstance(given, list) and all(isinstance(word, str) and word for word in given):
            return True
        self.errors[at] = _("Give a list of words.")
        return False

    def _texts(self, given: Any, at: str, longest: int) -> dict[str, str]:
        found = self._mapping(given or {}, at, set(LANGUAGES))
        texts = {language: self._text(found.get(language) or "", f"{at}.{language}", longest) for language in LANGUAGES}
        return {language: text for language, text in texts.items() if text}

    def _text(self, given: Any, at: str, longest: int) -> str:
        if not isinstance(given, str) or len(given) > longest or "\x00" in given or not _is_plain(given):
            self.errors[at] = _("At most %(max)s characters.", max=longest)
            return ""
        return given.strip()

    def _flag(self, given: Any, at: str) -> bool:
        if not isinstance(given, bool):
            self.errors[at] = _("Say yes or no.")
        return bool(given)

    def _number(self, given: Any, at: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MAX_REVEALS:
            self.errors[at] = _("Give a number from 0 to %(max)s.", max=MAX_REVEALS)
            return REVEALS_A_DAY
        return given


def _is_plain(value: Any) -> bool:
    """Can JSON carry it, and a database that takes whole characters only?"""
    try:
        return bool(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return False


def check(document: Document, before: Document, known: Callable[[], Collection[tuple[str, str]]]) -> None:
    """Does a normal document name only what this instance knows? What stood in `before` may stay: code comes and goes.

    :param known: gives every (verb, resource) of this instance; asked only when rights are added
    :raises InvalidInput: with a sentence for every place that is wrong
    """
    errors: dict[str, object] = {**menu.problems(document["menu"], before["menu"])}
    boss = document["roles"].get(policy.ADMINISTRATOR)
    if boss is None and policy.ADMINISTRATOR in before["roles"]:
        errors[f"roles.{policy.ADMINISTRATOR}"] = _("The administrator's role cannot be renamed or deleted.")
    elif boss and (boss["rights"] or boss["rows"] or boss["fields"]):
        errors[f"roles.{policy.ADMINISTRATOR}"] = _("Administrators hold every right and see every row and field.")
    for key, entry in document["roles"].items():
        old = before["roles"].get(key) or new_role()
        added = pairs(entry) - pairs(old)
        for verb, resource in sorted(added - set(known())) if added else ():
            errors[f"roles.{key}.rights.{resource}"] = _("“%(name)s” is not known here.", name=f"{resource} {verb}"[:80])
        for part in ("rows", "fields"):
            for resource, said in entry[part].items():
                problem = rules.problem(part, resource, said) if said != old[part].get(resource) else ""
                if problem:
                    errors[f"roles.{key}.{part}.{resource}"] = problem
    if errors:
        raise InvalidInput(errors)
