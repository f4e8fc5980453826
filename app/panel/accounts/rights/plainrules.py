"""The editor of row rules as a plain form, for browsers without scripts: what it shows, and what it posts."""

from __future__ import annotations

from typing import Any

from app.panel.accounts.rights import ruling, wording
from app.panel.core import plainfilter

MOST_RULES = 20


def shown(model: type[Any], said: list[dict[str, Any]], actor: Any) -> list[dict[str, Any]]:
    """Rules as lines of controls; a group within a rule stays as it is and is only said."""
    return [
        {"note": rule.get("note", ""), "how": how, "lines": [plainfilter.line(node, _offered(model), actor) for node in nodes]}
        for rule in said
        for how, nodes in [plainfilter.parts(rule.get("filter") or {})]
    ]


def fields(model: type[Any]) -> list[tuple[str, str]]:
    """What a new condition can be about."""
    return [(name, wording.field_of(model, name)[1]) for name in ruling.condition_names(model)]


def read(form: Any, model: type[Any]) -> list[dict[str, Any]]:
    """The rules that a form says, after what its button asks for: a rule or a condition more, or one less."""
    wish, offered, names = form.get("do", ""), _offered(model), ruling.condition_names(model)
    found = []
    for at in range(min(plainfilter.number(form.get("rules-count")), MOST_RULES)):
        nodes = plainfilter.read_lines(form, f"rule-{at}", str(at), offered, names)
        if nodes and wish != f"drop-{at}":
            how = "or" if form.get(f"rule-{at}-how") == "or" else "and"
            found.append({"note": form.get(f"rule-{at}-note", ""), "filter": {how: nodes}})
    if wish == "add" and (field := offered(form.get("new", "")) or offered(names[0])):
        found.append({"note": "", "filter": {"and": [plainfilter.first(field)]}})
    return found


def _offered(model: type[Any]) -> plainfilter.Offered:
    known = frozenset(ruling.condition_names(model))

    def offer(name: str) -> plainfilter.Field | None:
        return {**ruling.offered(model, name), "target": wording.field_of(model, name)[0].target} if name in known else None

    return offer
