"""What a list says of its filter: chips that can be taken away, the fields to ask about, the plain form."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import request, url_for
from flask_babel import get_locale
from markupsafe import Markup

from app.panel.core import filters, filterwords, fragments, listing, plainfilter
from app.panel.core.fields import FieldSpec, resource_of, spec
from app.panel.core.routing import numbered

Names = filterwords.Names


def filtering(view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found, actor: Any) -> SimpleNamespace:
    """Chips, fields, and the names of the rows that the conditions speak of."""
    base, names = view.url("list"), filterwords.called(found.conditions)
    fields = filter_fields(view, plan.filterable)
    labels: dict[str, dict[str, str]] = {}
    for condition in found.conditions:
        known = {str(key): label for (model, key), label in names.items() if model is condition.spec.target}
        if known:
            labels[condition.name] = known
    return SimpleNamespace(
        chips=chips(view, asked, base, found.conditions, names),
        fields_json=fragments.remembered(lambda: _asked_with(view, fields), "filter", view.endpoint, plan.filterable),
        data={"tree": asked.tree, "labels": labels, "q": asked.q} if fields else None,
        plain_url=asked.url(base, plain="1"),
        plain=_plain(view, asked, plan, actor),
    )  # fmt: skip


def _asked_with(view: Any, fields: list[dict[str, Any]]) -> Markup:
    """What the script needs to ask about these columns. Operators that columns share are told once."""
    ops: list[Any] = []
    for field in fields:
        if field["ops"] not in ops:
            ops.append(field["ops"])
    return fragments.as_json({
        "fields": [{**field, "ops": ops.index(field["ops"])} for field in fields], "ops": ops,
        "periods": [(key, str(label)) for key, label in filters.PERIODS.items()],
        "count": numbered("savedlists.count", "list_key", view.endpoint),
    })  # fmt: skip


def chips(
    view: Any, asked: listing.Asked, base: str, conditions: list[filters.Condition], names: Names
) -> list[SimpleNamespace]:
    """The filter in words: a chip a condition, a box a group within it; each can be taken away by itself."""
    left = iter(conditions)

    def chip(node: Any, path: tuple[int, ...]) -> SimpleNamespace:
        url = asked.url(base, f=without(asked.tree, path))
        if isinstance(node, list):
            return SimpleNamespace(label=said(view, next(left), names), remove_url=url, word="", parts=[])
        word, inner = next(iter(node.items()))
        parts = [chip(part, (*path, at)) for at, part in enumerate([inner] if word == "not" else inner)]
        return SimpleNamespace(label=words(parts, word), remove_url=url, word=word, parts=parts)

    if not asked.tree:
        return []
    whole = chip(asked.tree, ())
    if whole.word == "and":
        return whole.parts
    return [whole]


def words(parts: list[SimpleNamespace], word: str) -> str:
    """A group as one text, for whoever hears it."""
    joined = f" {filters.JOINS[word]} ".join(part.label for part in parts)
    return f"{filters.JOINS['not']} {joined}" if word == "not" else joined


def in_words(view: Any, asked: listing.Asked, plan: listing.Plan, actor: Any) -> str:
    """The search and the filter of a list in one line; nothing where it shows all that there is."""
    found = filters.conditions(asked.tree, plan.model, plan.filterable, actor) if asked.tree else []
    told = [part.label for part in chips(view, asked, "", found, filterwords.called(found))]
    return f" {filters.JOINS['and']} ".join([*([f"“{asked.q}”"] if asked.q else []), *told])


def without(tree: Any, path: tuple[int, ...]) -> Any:
    """A tree without the node at a place; groups that are empty then go too. None for nothing."""
    if not path:
        return None
    if not isinstance(tree, dict):
        return tree
    word, inner = next(iter(tree.items()))
    if word == "not":
        rest = without(inner, path[1:])
        return {"not": rest} if rest else None
    kept = [part if at != path[0] else without(part, path[1:]) for at, part in enumerate(inner)]
    kept = [part for part in kept if part]
    return {word: kept} if kept else None


def said(view: Any, condition: filters.Condition, names: Names) -> str:
    """A condition in the words of the screen."""
    field = replace(condition.spec, label=asked_label(view, condition.name))
    return filterwords.describe(replace(condition, spec=field), names)


def asked_label(view: Any, name: str) -> str:
    """What a question about a column is called; one about a row that it points at names that row too."""
    head, _dot, tail = name.partition(".")
    if not tail or name in view.label_columns:
        return str(view.label(name))
    return f"{view.label(head)} · {view.label(name)}"


def filter_fields(view: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What can be asked of the columns that this reader may ask about. The words of each are made once a language."""
    kept = view.filter_words.setdefault((str(get_locale()), request.script_root), {})
    for name in names:
        if name not in kept:
            kept[name] = _filter_field(view, name)
    return [kept[name] for name in names]


def _spec(view: Any, name: str) -> FieldSpec:
    head, _dot, tail = name.partition(".")
    field = spec(view.model, head)
    return spec(field.target, tail) if tail and field.target else field


def _filter_field(view: Any, name: str) -> dict[str, Any]:
    field = _spec(view, name)
    picker = field.kind in ("ref", "many")
    return {
        "name": name,
        "label": asked_label(view, name),
        "kind": field.kind,
        "ops": [{"op": op, "label": str(filters.LABELS[op])} for op in filters.operators(field)],
        "choices": [{"value": v, "label": str(label)} for v, label in (field.choices.pairs() if field.choices else [])],
        "picker_url": url_for("pickers.options", resource=resource_of(field.model), field=field.name) if picker else "",
    }


def _offered(view: Any, plan: listing.Plan) -> plainfilter.Offered:
    def offer(name: str) -> plainfilter.Field | None:
        if name not in plan.filterable:
            return None
        return {**filter_fields(view, (name,))[0], "target": _spec(view, name).target}

    return offer


def asked_plainly(view: Any, plan: listing.Plan) -> str:
    """The address of the list with the filter that the plain form says, once it is to be applied; empty before."""
    if request.args.get("do") != "apply":
        return ""
    asked = listing.read(request.args, plan)
    tree = plainfilter.read(request.args, _offered(view, plan), [*plan.filterable])
    return asked.url(view.url("list"), f=tree) if tree else f"{asked.url(view.url('list'), f=None, all='1')}"


def _plain(view: Any, asked: listing.Asked, plan: listing.Plan, actor: Any) -> SimpleNamespace | None:
    """The filter as a form that needs no script; None unless it is asked for."""
    if "plain" not in request.args or not plan.filterable:
        return None
    offered = _offered(view, plan)
    tree = plainfilter.read(request.args, offered, [*plan.filterable]) if "do" in request.args else asked.tree
    kept = asked.words()
    return SimpleNamespace(
        **plainfilter.shown(tree, offered, actor),
        fields=[(name, asked_label(view, name)) for name in plan.filterable],
        kept=[(name, value) for name, value in kept.items()],
        close_url=asked.url(view.url("list"), asked.place),
    )
