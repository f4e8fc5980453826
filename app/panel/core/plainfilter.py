"""A filter as a plain form, line by line: what browsers without scripts edit, in lists as in the rules of rows.

A line is a condition as controls; a group of conditions that stands deeper than a form shows is kept as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.panel.core import filters, policy
from app.panel.core.db import db

MOST_LINES, MOST_GROUPS, MOST_ROWS = 50, 10, 200
NOTHING, MANY = frozenset({"empty", "not_empty", "me"}), frozenset({"in", "not_in", "any", "all", "none"})
Field = Mapping[str, Any]  # name, label, kind, ops, choices, picker_url and, unless it is left out, target
Offered = Callable[[str], Field | None]


def number(text: str | None) -> int:
    """How many lines a form says that it has."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 4 else 0


def parts(tree: Any) -> tuple[str, list[Any]]:
    """How a tree joins what, with a single condition as a group of one."""
    if isinstance(tree, list):
        return "and", [tree]
    for how in ("or", "and"):
        if isinstance(tree, dict) and isinstance(tree.get(how), list):
            return how, tree[how]
    return "and", [tree] if tree else []


def first(field: Field) -> list[Any]:
    """A condition to begin with."""
    return [field["name"], field["ops"][0]["op"]]


def read_line(form: Any, key: str) -> Any:
    """The condition that the controls under `key` say; None where there is none."""
    if (kept := form.get(f"{key}-kept")) is not None:
        try:
            return json.loads(kept)
        except (ValueError, RecursionError):
            return None
    name, op, values = form.get(f"{key}-field", ""), form.get(f"{key}-op", ""), form.getlist(f"{key}-value")
    if op in NOTHING:
        return [name, op]
    if op in MANY:
        given = values if len(values) > 1 else (values or [""])[0].replace("，", ",").split(",")
        return [name, op, [part.strip() for part in given if part.strip()]]
    if op == "between":
        return [name, op, values[:2]]
    return [name, op, values[0] if values else ""]


def read_lines(form: Any, key: str, mark: str, offered: Offered, names: list[str]) -> list[Any]:
    """The conditions under `key`, after what the button asks for that names `mark`: one of them less, or a new one."""
    count, wish = min(number(form.get(f"{key}-count")), MOST_LINES), form.get("do", "")
    nodes = [read_line(form, f"{key}-{at}") for at in range(count) if wish != f"drop-{mark}-{at}"]
    if wish == f"add-{mark}":
        field = offered(form.get(f"{key}-new", "")) or offered(names[0])
        nodes.append(first(field) if field else None)
    return [node for node in nodes if node]


def line(node: Any, offered: Offered, actor: Any) -> dict[str, Any]:
    """A condition as controls."""
    field = offered(node[0]) if isinstance(node, list) and node and isinstance(node[0], str) else None
    if field is None:
        return {"kept": json.dumps(node, ensure_ascii=False)}
    op = next((one for one in field["ops"] if one["op"] == (node[1] if len(node) > 1 else "")), field["ops"][0])
    value = node[2] if len(node) > 2 else None
    values = [str(part) for part in value] if isinstance(value, list) else [] if value is None else [str(value)]
    return {
        "kept": None, "field": field["name"], "label": field["label"], "op": op["op"], "values": values,
        "ops": [(one["op"], one["label"]) for one in field["ops"]], **_control(field, op, values, actor),
    }  # fmt: skip


def _control(field: Field, op: Mapping[str, Any], values: list[str], actor: Any) -> dict[str, Any]:
    """`control` and the options of a value: nothing, one or some of a list, a text, two of them."""
    name = op["op"]
    if name in NOTHING:
        return {"control": "nothing", "options": []}
    options = _options(field, op, values, actor)
    if options:
        return {"control": "some" if name in MANY else "one", "options": options}
    kind = "date" if field["kind"] in ("date", "instant") else "text"
    return {"control": "two" if name == "between" else "text", "options": [], "type": kind}


def _options(field: Field, op: Mapping[str, Any], values: list[str], actor: Any) -> list[tuple[str, str]]:
    if "values" in op:
        return [(str(value), str(label)) for value, label in op["values"]]
    if op["op"] == "within":
        return [(key, str(label)) for key, label in filters.PERIODS.items()]
    if field["kind"] == "bool":
        return [(value, gettext("yes") if value == "true" else gettext("no")) for value in ("true", "false")]
    if field["choices"]:
        return [(str(one["value"]), one["label"]) for one in field["choices"]]
    target: Any = field.get("target")
    if not field["picker_url"] or target is None:
        return []
    query = policy.scope(select(target), actor, target).order_by(target.id.desc()).limit(MOST_ROWS)
    from_db = [(str(row.id), str(row)) for row in db.session.scalars(query)]
    return from_db + [(value, f"#{value}") for value in values if value not in {key for key, _label in from_db}]


def read(form: Any, offered: Offered, names: list[str]) -> Any:
    """The tree that the form of a list says: conditions and groups of conditions; None for none."""
    wish = form.get("do", "")
    nodes = read_lines(form, "c", "c", offered, names)
    for at in range(min(number(form.get("groups")), MOST_GROUPS)):
        inner = read_lines(form, f"g{at}", f"g{at}", offered, names)
        if inner and wish != f"drop-g{at}":
            nodes.append({"or" if form.get(f"g{at}-how") == "or" else "and": inner})
    if wish == "group" and (field := offered(form.get("c-new", "")) or offered(names[0])):
        nodes.append({"or": [first(field), first(field)]})
    return {"or" if form.get("c-how") == "or" else "and": nodes} if nodes else None


def shown(tree: Any, offered: Offered, actor: Any) -> dict[str, Any]:
    """The form of a list: `{how, lines, groups: [{how, lines}]}`."""
    how, nodes = parts(tree)
    groups = [node for node in nodes if isinstance(node, dict) and "not" not in node]
    return {
        "how": how,
        "lines": [line(node, offered, actor) for node in nodes if node not in groups],
        "groups": [
            {"how": inner, "lines": [line(node, offered, actor) for node in found]}
            for inner, found in (parts(group) for group in groups)
        ],
    }
