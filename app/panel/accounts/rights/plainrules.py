"""The editor of row rules as a plain form, for browsers without scripts: what it shows, and what it posts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.panel.accounts.rights import ruling, wording
from app.panel.core import filters, policy
from app.panel.core.db import db

MOST_RULES, MOST_LINES, MOST_ROWS = 20, 50, 200
NOTHING, MANY = frozenset({"empty", "not_empty", "me"}), frozenset({"in", "not_in", "any", "all", "none"})


def shown(model: type[Any], said: list[dict[str, Any]], actor: Any) -> list[dict[str, Any]]:
    """Rules as lines of controls; a group within a rule stays as it is and is only said."""
    return [
        {"note": rule.get("note", ""), "how": how, "lines": [_line(model, node, actor) for node in nodes]}
        for rule in said
        for how, nodes in [_parts(rule.get("filter") or {})]
    ]


def fields(model: type[Any]) -> list[tuple[str, str]]:
    """What a new condition can be about."""
    return [(name, wording.field_of(model, name)[1]) for name in ruling.condition_names(model)]


def read(form: Any, model: type[Any]) -> list[dict[str, Any]]:
    """The rules that a form says, after what its button asks for: a rule or a condition more, or one less."""
    wish = form.get("do", "")
    found = []
    for number in range(min(_number(form.get("rules-count")), MOST_RULES)):
        key = f"rule-{number}"
        count = min(_number(form.get(f"{key}-count")), MOST_LINES)
        nodes = [_node(form, f"{key}-{line}") for line in range(count) if wish != f"drop-{number}-{line}"]
        if wish == f"add-{number}":
            nodes.append(_first(model, form.get(f"{key}-new", "")))
        nodes = [node for node in nodes if node]
        if nodes and wish != f"drop-{number}":
            how = "or" if form.get(f"{key}-how") == "or" else "and"
            found.append({"note": form.get(f"{key}-note", ""), "filter": {how: nodes}})
    if wish == "add":
        found.append({"note": "", "filter": {"and": [_first(model, form.get("new", ""))]}})
    return found


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 0


def _parts(tree: Any) -> tuple[str, list[Any]]:
    if isinstance(tree, list):
        return "and", [tree]
    for how in ("or", "and"):
        if isinstance(tree.get(how), list):
            return how, tree[how]
    return "and", [tree] if tree else []


def _first(model: type[Any], name: str) -> list[Any]:
    """A condition to begin with."""
    names = ruling.condition_names(model)
    chosen = name if name in names else names[0]
    return [chosen, ruling.offered(model, chosen)["ops"][0]["op"]]


def _node(form: Any, key: str) -> Any:
    if (kept := form.get(f"{key}-kept")) is not None:
        try:
            return json.loads(kept)
        except ValueError:
            return None
    name, op, values = form.get(f"{key}-field", ""), form.get(f"{key}-op", ""), form.getlist(f"{key}-value")
    if op in NOTHING:
        return [name, op]
    if op in MANY:
        parts = values if len(values) > 1 else (values or [""])[0].replace("，", ",").split(",")
        return [name, op, [part.strip() for part in parts if part.strip()]]
    if op == "between":
        return [name, op, values[:2]]
    return [name, op, values[0] if values else ""]


def _line(model: type[Any], node: Any, actor: Any) -> dict[str, Any]:
    known = ruling.condition_names(model)
    if not isinstance(node, list) or not node or node[0] not in known:
        return {"kept": json.dumps(node, ensure_ascii=False)}
    field = ruling.offered(model, node[0])
    op = next((one for one in field["ops"] if one["op"] == (node[1] if len(node) > 1 else "")), field["ops"][0])
    value = node[2] if len(node) > 2 else None
    values = [str(part) for part in value] if isinstance(value, list) else [] if value is None else [str(value)]
    return {
        "kept": None, "field": node[0], "label": field["label"], "op": op["op"], "values": values,
        "ops": [(one["op"], one["label"]) for one in field["ops"]], **_control(model, field, op, values, actor),
    }  # fmt: skip


def _control(model: type[Any], field: Mapping[str, Any], op: Mapping[str, Any], values: list[str], actor: Any) -> dict[str, Any]:
    """`control` and the options of a value: nothing, one or some of a list, a text, two of them."""
    name = op["op"]
    if name in NOTHING:
        return {"control": "nothing", "options": []}
    options = _options(model, field, op, values, actor)
    if options:
        return {"control": "some" if name in MANY else "one", "options": options}
    kind = "date" if field["kind"] in ("date", "instant") else "text"
    return {"control": "two" if name == "between" else "text", "options": [], "type": kind}


def _options(
    model: type[Any], field: Mapping[str, Any], op: Mapping[str, Any], values: list[str], actor: Any
) -> list[tuple[str, str]]:
    if "values" in op:
        return [(str(value), str(label)) for value, label in op["values"]]
    if op["op"] == "within":
        return [(key, str(label)) for key, label in filters.PERIODS.items()]
    if field["kind"] == "bool":
        return [(value, gettext("yes") if value == "true" else gettext("no")) for value in ("true", "false")]
    if field["choices"]:
        return [(str(one["value"]), one["label"]) for one in field["choices"]]
    target: Any = wording.field_of(model, field["name"])[0].target
    if not field["picker_url"] or target is None:
        return []
    query = policy.scope(select(target), actor, target).order_by(target.id.desc()).limit(MOST_ROWS)
    from_db = [(str(row.id), str(row)) for row in db.session.scalars(query)]
    return from_db + [(value, f"#{value}") for value in values if value not in {key for key, _label in from_db}]
