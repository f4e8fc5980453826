"""What roles hold, folded to words: a line a resource, a cell a role."""

from __future__ import annotations

import re
from typing import Any

from flask import current_app
from flask_babel import get_locale, gettext

from app.panel.core import policy
from app.panel.core.fields import resource_of, specs
from app.panel.core.pages import PanelPage


def resources() -> dict[str, Any]:
    """Every resource that a screen shows or a rule names, with the words for it. They are made once a language."""
    kept = current_app.extensions.setdefault("panel_resource_words", {})
    language = str(get_locale())
    if language not in kept:
        kept[language] = _resources()
    return kept[language]  # type: ignore[no-any-return]


def _resources() -> dict[str, Any]:
    views = current_app.extensions.get("panel_views", {})
    names = {view.resource: view.title for view in views.values()}
    for view in views.values():
        # rows that have no screen of their own stand in the form of others: "Orders: lines"
        for field in dict.fromkeys(specs(view.model).values()):
            if field.kind == "children" and field.target is not None:
                names.setdefault(resource_of(field.target), f"{view.title} · {field.label}")
    for resource, label in policy.REGISTRY.names.items():
        names.setdefault(resource, label)
    for page in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if isinstance(page, PanelPage) and page.title:
            names.setdefault(page.class_permission_name, page.title)
    for rights in policy.REGISTRY.grants.values():
        for resource in rights:
            names.setdefault(resource, spoken_name(resource))
    return names


def offered(pairs: policy.Held) -> list[dict[str, Any]]:
    """These rights as one ticks them: groups by domain of {label, rows: [{label, rights: [{value, label}]}]}."""
    groups: dict[str, dict[str, Any]] = {}
    verbs: dict[str, set[str]] = {}
    for verb, resource in pairs:
        verbs.setdefault(resource, set()).add(verb)
    for resource, label in sorted(resources().items(), key=lambda item: str(item[1])):
        labels = policy.verb_labels(resource)
        mine = [
            {"value": f"{verb} {resource}", "label": str(text)} for verb, text in labels.items() if verb in verbs.get(resource, ())
        ]
        if mine:
            key = resource.partition(".")[0]
            group = groups.setdefault(key, {"key": key, "label": domain_labels().get(key, key), "rows": []})
            group["rows"].append({"label": label, "rights": mine})
    return [groups[key] for key in sorted(groups, key=place)]


def spoken(pairs: list[list[str]]) -> list[dict[str, Any]]:
    """The rights of a key in words: {label, words} a resource."""
    names, verbs = resources(), dict[str, list[str]]()
    for verb, resource in pairs:
        verbs.setdefault(resource, []).append(verb)
    return [
        {"label": names.get(resource, spoken_name(resource)), "words": [str(policy.verb_labels(resource).get(v, v)) for v in held]}
        for resource, held in sorted(verbs.items())
    ]


def right_label(verb: str, resource: str) -> str:
    """`refund` on `orders.Order` as "Orders · Refund"."""
    name = resources().get(resource) or policy.REGISTRY.names.get(resource) or spoken_name(resource)
    return f"{name} · {policy.verb_labels(resource).get(verb, verb)}"


def spoken_name(resource: str) -> str:
    """`orders.OrderNote` as "Order note", for what no screen names."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", resource.partition(".")[2]).capitalize()


def domain_labels() -> dict[str, Any]:
    known = {entry.key: entry.label for entry in current_app.extensions.get("panel_domains", ())}
    return {"core": gettext("The panel itself"), **known}


def place(key: str) -> int:
    """Where the menu shows a domain."""
    order = [entry.key for entry in sorted(current_app.extensions.get("panel_domains", ()), key=lambda entry: entry.order)]
    return order.index(key) if key in order else len(order)
