"""What one configuration says otherwise than another, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from app.panel.accounts.configuration import document, rules
from app.panel.accounts.configuration.document import HIDDEN, MASKED, READ, WRITE, Document
from app.panel.accounts.menus import describing
from app.panel.accounts.rights import naming
from app.panel.core import filters, filterwords, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import BadRequest

ROLE, RIGHT, ROW, FIELD, MENU = "role", "right", "row", "field", "menu"
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One change: of which kind (`area`), of which role, about what, and what it is in plain words."""

    area: str
    role: str
    resource: str
    name: str
    before: Any
    after: Any
    sentence: str


def differences(before: Document, after: Document) -> list[Change]:
    """Everything that differs, role by role, in the order in which pages show it."""
    old, new = before["roles"], after["roles"]
    found: list[Change] = []
    for key in sorted(set(old) | set(new), key=_place):
        if key not in new:
            sentence = _("The role goes away.")
            found.append(Change(ROLE, key, "", "", old[key], None, sentence))
            continue
        if key not in old:
            found.append(Change(ROLE, key, "", "", None, new[key], _("A new role.")))
        found += _of_role(key, old.get(key) or document.new_role(), new[key])
    if before["menu"] != after["menu"]:
        found += _of_menu(before["menu"], after["menu"])
    return found


def sentences(changes: Iterable[Change]) -> list[str]:
    """Changes as pages tell them: the rights on one thing in one sentence, and of a new role nothing twice."""
    kept = list(changes)
    made = {change.role for change in kept if change.area == ROLE and not change.name and change.before is None}
    told: dict[tuple[Any, ...], list[Change]] = {}
    for change in kept:
        if change.area == ROLE and change.name in ("label", "description") and change.role in made:
            continue
        alike = (change.role, change.resource, change.after) if change.area == RIGHT else (id(change),)
        told.setdefault(alike, []).append(change)
    return [found[0].sentence if len(found) == 1 else _together(found) for found in told.values()]


def _together(found: list[Change]) -> str:
    """Several rights on one thing that are given, or taken, at once."""
    resource = found[0].resource
    labels, where = policy.verb_labels(resource), resource_word(resource)
    words = _(", ").join(str(labels.get(change.name, change.name)) for change in found)
    if found[0].after:
        return _("%(what)s: may now: %(verbs)s.", what=where, verbs=words)
    return _("%(what)s: may no longer: %(verbs)s.", what=where, verbs=words)


def role_word(key: str, *documents: Document) -> str:
    """What a role is called in the language of the reader."""
    for said in documents:
        label = said["roles"].get(key, {}).get("label") or {}
        if word := label.get(str(get_locale())) or next(iter(label.values()), ""):
            return str(word)
    known = policy.REGISTRY.roles.get(key)
    return str(known.label) if known else key


def level_word(level: str) -> str:
    """Hidden, masked, read, write as people say it."""
    return {HIDDEN: _("hidden"), MASKED: _("masked"), READ: _("read only"), WRITE: _("as usual")}[level]


def rule_words(resource: str, rule: Mapping[str, Any]) -> str:
    """A row rule in words: its note, or its conditions."""
    if rule["note"]:
        return str(rule["note"])
    model: Any = rules.model_of(resource)
    try:
        seen = filters.conditions(rule["filter"], model, rules.condition_names(model), SYSTEM) if model else []
    except BadRequest:
        seen = []
    word = _("or") if "or" in rule["filter"] else _("and")
    return f" {word} ".join(filterwords.describe(one) for one in seen) or json.dumps(rule["filter"], ensure_ascii=False)


def resource_word(resource: str) -> str:
    known = naming.resources().get(resource) or policy.REGISTRY.names.get(resource)
    return str(known or naming.spoken_name(resource))


def _place(key: str) -> tuple[int, str]:
    known = policy.REGISTRY.roles.get(key)
    return (known.order if known else 1000, key)


def _of_role(key: str, old: Entry, new: Entry) -> Iterator[Change]:
    for part, sentence in (("label", _("Is called otherwise.")), ("description", _("Is described otherwise."))):
        if old[part] != new[part]:
            yield Change(ROLE, key, "", part, old[part], new[part], sentence)
    yield from _of_rights(key, old, new)
    for resource in sorted({*old["rows"], *new["rows"]}):
        yield from _of_rows(key, resource, old["rows"].get(resource, []), new["rows"].get(resource, []))
    for resource in sorted({*old["fields"], *new["fields"]}):
        yield from _of_fields(key, resource, old["fields"].get(resource, {}), new["fields"].get(resource, {}))
    if old["two_step"] != new["two_step"]:
        sentence = _("Has to log in with a second step.") if new["two_step"] else _("Logs in without a second step.")
        yield Change(ROLE, key, "", "two_step", old["two_step"], new["two_step"], sentence)
    if old["reveals_a_day"] != new["reveals_a_day"]:
        sentence = _("May reveal %(n)s values a day instead of %(before)s.", n=new["reveals_a_day"], before=old["reveals_a_day"])
        yield Change(ROLE, key, "", "reveals_a_day", old["reveals_a_day"], new["reveals_a_day"], sentence)


def _of_rights(key: str, old: Entry, new: Entry) -> Iterator[Change]:
    for resource in sorted({*old["rights"], *new["rights"]}):
        was, now = old["rights"].get(resource, []), new["rights"].get(resource, [])
        labels, where = policy.verb_labels(resource), resource_word(resource)
        for verb in [one for one in now if one not in was]:
            sentence = _("%(what)s: may now “%(verb)s”.", what=where, verb=labels.get(verb, verb))
            yield Change(RIGHT, key, resource, verb, False, True, sentence)
        for verb in [one for one in was if one not in now]:
            sentence = _("%(what)s: may no longer “%(verb)s”.", what=where, verb=labels.get(verb, verb))
            yield Change(RIGHT, key, resource, verb, True, False, sentence)


def _of_rows(key: str, resource: str, was: list[Any], now: list[Any]) -> Iterator[Change]:
    where = resource_word(resource)
    if was and not now:
        yield Change(ROW, key, resource, "", was, now, _("%(what)s: sees all rows again.", what=where))
        return
    for rule in [one for one in now if one not in was]:
        text = rule_words(resource, rule)
        sentence = (
            _("%(what)s: sees besides: %(rule)s", what=where, rule=text)
            if was
            else _("%(what)s: sees only: %(rule)s", what=where, rule=text)
        )
        yield Change(ROW, key, resource, "", None, rule, sentence)
    for rule in [one for one in was if one not in now]:
        sentence = _("%(what)s: this rule goes: %(rule)s", what=where, rule=rule_words(resource, rule))
        yield Change(ROW, key, resource, "", rule, None, sentence)


def _of_fields(key: str, resource: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    model = rules.model_of(resource)
    for name in sorted({*was, *now}):
        before, after = was.get(name, WRITE), now.get(name, WRITE)
        if before != after:
            field = rules.label(model, name) if model is not None and hasattr(model, name) else name
            sentence = _(
                "%(what)s: “%(field)s” is %(level)s, before: %(before)s.",
                what=resource_word(resource), field=field, level=level_word(after), before=level_word(before),
            )  # fmt: skip
            yield Change(FIELD, key, resource, name, before, after, sentence)


def _of_menu(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for told in describing.changes(was, now):
        yield Change(MENU, "", "", told.key, told.before, told.after, told.sentence)
