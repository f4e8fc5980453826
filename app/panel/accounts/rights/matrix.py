"""Who may do what, folded: a line for what belongs to one screen, a cell for a role; and how a cell is changed.

All of it works on a document of the configuration, so a draft reads and changes like what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts.rights import naming
from app.panel.core import folding, policy
from app.panel.core.errors import NotFound

NONE, READ, WRITE, ALL = "none", "read", "write", "all"
WORDS = {NONE: _("Nothing"), READ: _("Reads"), WRITE: _("Writes"), ALL: _("May")}
LEVELS = (READ, WRITE)
MOST_CELLS = 119  # of one view: more are not read but looked at
Rights = dict[str, list[str]]

policy.name("accounts.Role", _("Roles"))
policy.name("accounts.Instance", _("First run"))
policy.name("core.Setting", _("Settings"))
policy.name("core.SavedList", _("Views of lists"))
folding.part_of("accounts.User", "accounts.LoginEvent", "accounts.Delegation")
folding.part_of("accounts.Role", "accounts.Configuration")


@dataclass(frozen=True)
class Part:
    """A resource with the verbs that it knows."""

    resource: str
    label: str
    verbs: tuple[str, ...]

    def level(self, held: Collection[str]) -> str:
        if WRITE in held:
            return WRITE
        return READ if READ in held or (held and READ not in self.verbs) else NONE

    def words(self, held: Collection[str]) -> list[tuple[str, str]]:
        """(verb, word) of what may be ticked, and of what is held although no screen asks for it any more."""
        labels = policy.verb_labels(self.resource)
        return [(verb, str(labels.get(verb, verb))) for verb in [*self.verbs, *sorted(set(held) - set(self.verbs))]]


@dataclass(frozen=True)
class Line:
    """What is decided upon together: the first part gives the name."""

    key: str
    parts: tuple[Part, ...]

    @property
    def label(self) -> str:
        return self.parts[0].label

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The levels through which a click goes."""
        known = {verb for part in self.parts for verb in part.verbs}
        return (NONE, *(level for level in LEVELS if level in known)) if known & set(LEVELS) else (NONE, ALL)


@dataclass(frozen=True)
class Group:
    """A domain."""

    key: str
    label: str
    lines: tuple[Line, ...]


@dataclass
class Cell:
    """What one role may do with one line."""

    level: str
    is_partly: bool = False
    more: list[str] = field(default_factory=list)
    is_changed: bool = False
    has_rules: bool = False

    @property
    def words(self) -> str:
        """The cell in one line of words."""
        said = str(WORDS[self.level])
        if self.is_partly:
            said = gettext("%(level)s, partly", level=said)
        if self.more:
            said = gettext("%(level)s; also: %(verbs)s", level=said, verbs=gettext(", ").join(self.more))
        return said


def groups() -> list[Group]:
    """Every line, by domain in the order of the menu. They are made once a language."""
    kept = current_app.extensions.setdefault("panel_matrix", {})
    language = str(get_locale())
    if language not in kept:
        kept[language] = _groups()
    return kept[language]  # type: ignore[no-any-return]


def _groups() -> list[Group]:
    names, verbs = naming.resources(), folding.known_verbs()
    lines: dict[str, list[Part]] = {}
    for resource in sorted(verbs, key=lambda name: (folding.whole_of(name) != name, str(names.get(name, name)))):
        part = Part(resource, str(names.get(resource) or naming.spoken_name(resource)), verbs[resource])
        lines.setdefault(folding.whole_of(resource), []).append(part)
    domains: dict[str, list[Line]] = {}
    for key, parts in sorted(lines.items(), key=lambda item: item[1][0].label):
        domains.setdefault(key.partition(".")[0], []).append(Line(key, tuple(parts)))
    labels = naming.domain_labels()
    return [Group(key, str(labels.get(key, key)), tuple(domains[key])) for key in sorted(domains, key=naming.place)]


def line_of(key: str) -> Line:
    """:raises NotFound: when nothing is called so"""
    found = next((line for group in groups() for line in group.lines if line.key == key), None)
    if found is None:
        raise NotFound(gettext("There is no such line."))
    return found


def cell(line: Line, entry: dict[str, Any], before: dict[str, Any] | None = None) -> Cell:
    """
    :param entry: the role in a document
    :param before: the same role as it is published, None for a role that is new
    """
    held = entry["rights"]
    levels = [part.level(held.get(part.resource, ())) for part in line.parts]
    highest = max(levels, key=(NONE, READ, WRITE).index)
    top = [part.level(part.verbs) for part in line.parts]
    order = (NONE, READ, WRITE)
    wanted = [min(highest, best, key=order.index) for best in top]
    names = {part.resource for part in line.parts}
    old = before["rights"] if before is not None else {}
    more = [
        word for part in line.parts for verb, word in part.words(held.get(part.resource, ()))
        if verb not in LEVELS and verb in held.get(part.resource, ())
    ]  # fmt: skip
    return Cell(
        level=ALL if highest != NONE and ALL in line.steps else highest,
        is_partly=levels != wanted,
        more=list(dict.fromkeys(more)),
        is_changed=any(set(held.get(name, ())) != set(old.get(name, ())) for name in names),
        has_rules=bool(names & (set(entry["rows"]) | set(entry["fields"]))),
    )


def summary(group: Group, entry: dict[str, Any], before: dict[str, Any] | None) -> Cell:
    """A folded domain: what its lines have in common, or that they differ."""
    cells = [cell(line, entry, before) for line in group.lines]
    levels = {READ if one.level == ALL else one.level for one in cells}
    highest = max(levels, key=(NONE, READ, WRITE).index)
    return Cell(
        level=highest,
        is_partly=len(levels) > 1 or any(one.is_partly for one in cells),
        is_changed=any(one.is_changed for one in cells),
        has_rules=any(one.has_rules for one in cells),
    )


def as_many_as_read(found: list[Group], keys: list[str]) -> list[str]:
    """The first of these roles, so many that a view with the largest domain open stays readable."""
    lines = len(found) + max((len(group.lines) for group in found), default=0)
    return keys[: max(1, MOST_CELLS // max(lines, 1))]


def raised(line: Line, level: str) -> Callable[[Rights], Rights]:
    """How the rights of a role on a line change when a cell is set to a level.

    Nothing takes all verbs; the others keep those beside reading and changing, for as long as there is reading.
    """

    def change(held: Rights) -> Rights:
        result = {}
        for part in line.parts:
            kept = set(held.get(part.resource, ()))
            if level == NONE:
                kept = set()
            elif level == ALL:
                kept |= set(part.verbs)
            else:
                kept = (kept - set(LEVELS)) | ({READ, level} & set(part.verbs))
            result[part.resource] = sorted(kept)
        return result

    return change


def ticked(line: Line, resource: str, verb: str, is_on: bool) -> Callable[[Rights], Rights]:
    """How the rights of a role change by one verb: whoever does anything reads, and whoever does not read does nothing."""
    part = next((part for part in line.parts if part.resource == resource), None)
    if part is None:
        raise NotFound(gettext("There is no such line."))

    def change(held: Rights) -> Rights:
        kept = set(held.get(resource, ()))
        if is_on:
            kept |= {verb} | ({READ} & set(part.verbs))
        else:
            kept = set() if verb == READ else kept - {verb}
        return {resource: sorted(kept)}

    return change


def rights_of(line: Line, entry: dict[str, Any]) -> Rights:
    """What a role holds of a line, to undo a change of it."""
    return {part.resource: list(entry["rights"].get(part.resource, ())) for part in line.parts}


def put(entry: dict[str, Any], changed: Rights) -> None:
    """Write rights into a role of a document."""
    for resource, verbs in changed.items():
        if verbs:
            entry["rights"][resource] = sorted(set(verbs))
        else:
            entry["rights"].pop(resource, None)


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Where two roles differ: by domain, the parts with what only the one and only the other may do."""
    found = []
    for group in groups():
        rows = [row for line in group.lines for part in line.parts if (row := _difference(part, one, other))]
        if rows:
            found.append({"key": group.key, "label": group.label, "rows": rows})
    return found


def _difference(part: Part, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any] | None:
    mine, theirs = (set(entry["rights"].get(part.resource, ())) for entry in (one, other))
    rules = [name for name in ("rows", "fields") if one[name].get(part.resource) != other[name].get(part.resource)]
    if mine == theirs and not rules:
        return None
    return {
        "resource": part.resource, "label": part.label, "both": _said(part, mine & theirs),
        "one": _said(part, mine - theirs), "other": _said(part, theirs - mine), "rules": rules,
    }  # fmt: skip


def _said(part: Part, verbs: Iterable[str]) -> list[str]:
    held = set(verbs)
    return [word for verb, word in part.words(held) if verb in held]
