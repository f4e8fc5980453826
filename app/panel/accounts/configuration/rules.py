"""Row rules and field rules as data: which tables and fields they may speak of, and what is wrong with one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from flask import current_app, has_app_context
from flask_appbuilder import Model
from flask_babel import gettext as _

from app.panel.core import filters
from app.panel.core.actor import SYSTEM
from app.panel.core.db import PanelModel
from app.panel.core.errors import BadRequest
from app.panel.core.fields import BUILT_IN, resource_of, spec, specs

UNMASKABLE = frozenset({"children", "many", "ref", "file", "json"})
HOW = {"phone": "phone", "email": "email", "text": "tail", "code": "tail"}


@functools.cache
def models() -> dict[str, type[Any]]:
    """Every table with rows and fields of which rules may speak, by resource."""
    mapped = sorted((mapper.class_ for mapper in Model.registry.mappers), key=lambda model: model.__name__)
    return {resource_of(model): model for model in mapped if issubclass(model, PanelModel)}


def model_of(resource: str) -> type[Any] | None:
    """The rows that a resource means; None for a page that has none."""
    return models().get(resource)


@functools.cache
def condition_names(model: Any) -> frozenset[str]:
    """What a row rule over these rows may ask: their own fields, and those of the rows that they point at."""
    own = {field.name: field for field in specs(model).values() if filters.operators(field)}
    names = {*own, *filters.PEOPLE}
    for field in own.values():
        if field.relation and field.target is not None and field.kind == "ref":
            names |= {f"{field.relation}.{tail.name}" for tail in specs(field.target).values() if filters.operators(tail)}
    return frozenset(names)


@functools.cache
def field_names(model: Any) -> frozenset[str]:
    """What a field rule may name: everything that somebody declared, and what is computed from it."""
    declared = {field.name for field in specs(model).values()} - set(BUILT_IN)
    computed = {name for name, value in vars(model).items() if isinstance(value, property) and not name.startswith("_")}
    return frozenset((declared | computed) - _called(model))


@functools.cache
def _called(model: Any) -> frozenset[str]:
    """The fields of which a row's name is made: it stands wherever the row is spoken of, so no rule can hide them.

    A model names others by which its rows are called elsewhere in `__called_by__`.
    """
    wanted, found = [model.__str__], set(getattr(model, "__called_by__", ()))
    while wanted:
        code = getattr(wanted.pop(), "__code__", None)
        for name in set(getattr(code, "co_names", ())) - found:
            found |= {name, f"{name}_id"}
            computed = vars(model).get(name)
            if isinstance(computed, property):
                wanted.append(computed.fget)  # type: ignore[arg-type]
    return frozenset(found)


def label(model: type[Any], name: str) -> str:
    """What a field is called; a computed one as the lists call it."""
    views = current_app.extensions.get("panel_views", {}) if has_app_context() else {}
    view = views.get(model)
    return str(view.label(name) if view is not None else spec(model, name).label)


def mask_of(resource: str, name: str) -> str:
    """How the value of a field is masked, by its kind."""
    model = model_of(resource)
    return HOW.get(spec(model, name).kind, "all") if model is not None and hasattr(model, name) else "all"


def condition(tree: Any, model: Any, actor: Any) -> Any:
    """The rows that a rule leaves to this person.

    :raises BadRequest: when the rule cannot be read
    """
    return filters.build(tree, model, condition_names(model), SYSTEM, person=actor)


def may_ask(said: list[Mapping[str, Any]], model: Any, actor: Any) -> bool:
    """Does somebody see in full every field that these rules ask about? What they leave would tell him of it."""
    try:
        for rule in said:
            filters.build(rule["filter"], model, condition_names(model), actor)
    except BadRequest:
        return False
    return True


def problem(part: str, resource: str, said: Any) -> str:
    """What is wrong with the rules of a resource, as a sentence; nothing when they can be kept."""
    model = model_of(resource)
    if model is None:
        return _("“%(name)s” has no rows and fields.", name=resource[:60])
    return _wrong_rows(said, model) if part == "rows" else _wrong_fields(said, model)


def _wrong_rows(said: list[Mapping[str, Any]], model: Any) -> str:
    for rule in said:
        try:
            condition(rule["filter"], model, SYSTEM)
        except BadRequest as error:
            return error.message
    return ""


def _wrong_fields(said: Mapping[str, str], model: Any) -> str:
    for name in said:
        if name in _called(model):
            return _("“%(field)s” is what these rows are called: everybody who sees them reads it.", field=label(model, name))
        if name not in field_names(model):
            return _("There is no field “%(name)s”.", name=name[:60])
        if said[name] == "masked" and spec(model, name).kind in UNMASKABLE:
            return _("“%(field)s” can be hidden, but not masked.", field=label(model, name))
    return ""
