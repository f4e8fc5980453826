"""Nobody gives what he does not hold: what somebody who is no administrator may write into a configuration or hand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.accounts.configuration import document, rules
from app.panel.accounts.configuration.document import LEVELS, WRITE, Document
from app.panel.core import policy
from app.panel.core.actor import SYSTEM, bounds_of, person_of
from app.panel.core.edited import lineage
from app.panel.core.errors import Forbidden
from app.panel.core.fields import resource_of

Entry = Mapping[str, Any]


def hold(before: Document, after: Document, actor: Any) -> None:
    """:raises Forbidden: when the change gives a role more than the actor holds himself"""
    if actor is SYSTEM or policy.is_administrator(person_of(actor)):
        return
    held, mine = policy.held(actor), _mine(actor, before)
    for key, new in after["roles"].items():
        old = before["roles"].get(key) or document.new_role()
        if new == old:
            continue
        if not document.pairs(new) - document.pairs(old) <= held:
            raise Forbidden(_("You cannot give rights that you do not hold."))
        if (old["two_step"] and not new["two_step"]) or new["reveals_a_day"] > old["reveals_a_day"]:
            raise Forbidden(_("Only an administrator can loosen how people log in and what they may reveal."))
        for resource in sorted({*new["rights"], *new["rows"], *old["rows"], *old["fields"]}):
            if _asks_unseen(old, new, resource, actor):
                raise Forbidden(_("You cannot write rules about fields that you do not see."))
            if _shows_more_rows(old, new, resource, actor, mine):
                raise Forbidden(_("You cannot show rows that you do not see."))
            if _shows_more_fields(old, new, resource, actor):
                raise Forbidden(_("You cannot show fields that you do not see."))


def shows_more(entry: Entry, actor: Any, configuration: Document) -> bool:
    """Would somebody with this role see rows or fields that the actor does not see, or have more values shown a day?"""
    if bounds_of(actor):
        return True  # a key that is narrowed to some rows; no role is
    nothing, mine = document.new_role(), _mine(actor, configuration)
    if entry["reveals_a_day"] > max((one["reveals_a_day"] for one in mine), default=document.REVEALS_A_DAY):
        return True
    if not any(one["rows"] or one["fields"] for one in mine):
        return False
    return any(
        _shows_more_rows(nothing, entry, resource, actor, mine) or _shows_more_fields(nothing, entry, resource, actor)
        for resource in entry["rights"]
    )


def _mine(actor: Any, configuration: Document) -> list[Entry]:
    """The roles of a person; one that no configuration names has no rules."""
    known = configuration["roles"]
    return [known.get(key) or document.new_role() for key, _label in policy.roles_of(person_of(actor))]


def _asks_unseen(old: Entry, new: Entry, resource: str, actor: Any) -> bool:
    """By looking at the panel as the role, one would learn of a field what a rule about it leaves."""
    model, known = rules.model_of(resource), old["rows"].get(resource, [])
    said = [rule for rule in new["rows"].get(resource, []) if rule not in known]
    return model is not None and not rules.may_ask(said, model, actor)


def _shows_more_rows(old: Entry, new: Entry, resource: str, actor: Any, mine: Sequence[Entry]) -> bool:
    """Whether another condition shows more nobody can tell: who is limited himself hands on his own conditions only.

    Rows that go with others are limited by the rules about those, which the role must have as well.
    """
    if new["rows"].get(resource) == old["rows"].get(resource) and _reads(old, resource) >= _reads(new, resource):
        return False
    model = rules.model_of(resource)
    for one in lineage(model) if model is not None else ():
        if policy.browser_rows(actor, one) is not None:
            name = resource_of(one)
            if new["rows"].get(name) not in [entry["rows"].get(name) for entry in document.readers(mine, name)]:
                return True
    return False


def _shows_more_fields(old: Entry, new: Entry, resource: str, actor: Any) -> bool:
    own = {name: level.partition(" ")[0] for name, level in policy.browser_fields(actor, resource).items()}
    said = new["fields"].get(resource, {})
    was = old["fields"].get(resource, {}) if _reads(old, resource) else dict.fromkeys(own, document.HIDDEN)
    for name in {*own, *was}:
        most = max(LEVELS.index(own.get(name, WRITE)), LEVELS.index(was.get(name, WRITE)))
        if LEVELS.index(said.get(name, WRITE)) > most:
            return True
    return False


def _reads(entry: Entry, resource: str) -> bool:
    return "read" in entry["rights"].get(resource, ())
