"""Nobody gives what he does not hold: what somebody who is no administrator may write into a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.accounts.configuration import document, rules
from app.panel.accounts.configuration.document import LEVELS, WRITE, Document
from app.panel.core import policy
from app.panel.core.actor import SYSTEM, person_of
from app.panel.core.errors import Forbidden

Entry = Mapping[str, Any]


def hold(before: Document, after: Document, actor: Any) -> None:
    """:raises Forbidden: when the change gives a role more than the actor holds himself"""
    if actor is SYSTEM or policy.is_administrator(person_of(actor)):
        return
    held = policy.held(actor)
    mine = [entry for key, _label in policy.roles_of(actor) if (entry := before["roles"].get(key))]
    for key, new in after["roles"].items():
        old = before["roles"].get(key) or document.new_role()
        if new == old:
            continue
        if not document.pairs(new) - document.pairs(old) <= held:
            raise Forbidden(_("You cannot give rights that you do not hold."))
        if (old["two_step"] and not new["two_step"]) or new["reveals_a_day"] > old["reveals_a_day"]:
            raise Forbidden(_("Only an administrator can loosen how people log in and what they may reveal."))
        for resource in sorted({*new["rights"], *old["rows"], *old["fields"]}):
            if _shows_more_rows(old, new, resource, actor, mine):
                raise Forbidden(_("You cannot show rows that you do not see."))
            if _shows_more_fields(old, new, resource, actor):
                raise Forbidden(_("You cannot show fields that you do not see."))


def _shows_more_rows(old: Entry, new: Entry, resource: str, actor: Any, mine: list[Entry]) -> bool:
    """Whether another condition shows more nobody can tell: who is limited himself hands on his own conditions only."""
    said = new["rows"].get(resource)
    if resource in old["rights"] and said == old["rows"].get(resource):
        return False
    model = rules.model_of(resource)
    if model is None or policy.browser_rows(actor, model) is None:
        return False
    return said not in [entry["rows"].get(resource) for entry in mine]


def _shows_more_fields(old: Entry, new: Entry, resource: str, actor: Any) -> bool:
    own = {name: level.partition(" ")[0] for name, level in policy.browser_fields(actor, resource).items()}
    said = new["fields"].get(resource, {})
    was = old["fields"].get(resource, {}) if resource in old["rights"] else dict.fromkeys(own, document.HIDDEN)
    for name in {*own, *was}:
        most = max(LEVELS.index(own.get(name, WRITE)), LEVELS.index(was.get(name, WRITE)))
        if LEVELS.index(said.get(name, WRITE)) > most:
            return True
    return False
