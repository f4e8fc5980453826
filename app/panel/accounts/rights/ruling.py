"""What the editors of rules need to know: what can be asked, what a person would see, what the code says besides."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, and_, func, or_, select

from app.panel.accounts.configuration import rules
from app.panel.accounts.models import Role, User, full_name
from app.panel.accounts.rights import wording
from app.panel.core import filters, policy
from app.panel.core.db import db
from app.panel.core.fields import BUILT_IN, FieldSpec, resource_of, spec

MOST_PEOPLE = 50
WRITE, READ, MASKED, HIDDEN = "write", "read", "masked", "hidden"
LEVELS = {WRITE: _("As the right says"), READ: _("Reads only"), MASKED: _("Masked"), HIDDEN: _("Hidden")}


def people_for(role_key: str) -> list[User]:
    """Whom one tries a rule with: those who have the role, else whoever is there."""
    active = select(User).where(User.active.is_(True)).order_by(User.first_name).limit(MOST_PEOPLE)
    of_role = list(db.session.scalars(active.where(User.roles.any(Role.name == role_key))))  # type: ignore[attr-defined]
    return of_role or [user for user in db.session.scalars(active) if not policy.is_administrator(user)]


def sees(model: type[Any], said: list[dict[str, Any]], person: Any, actor: Any) -> dict[str, Any] | None:
    """How many rows somebody with these rules would see, of how many: both only among what `actor` sees himself.

    None for an actor who reads none of these rows, or not every field that the rules ask about.
    """
    if not policy.allowed(actor, "read", resource_of(model)) or not rules.may_ask(said, model, actor):
        return None
    every = policy.scope(select(model.id), actor, model)
    own = [condition for condition in (code_condition(person, model), rule_condition(said, model, person)) if condition is not None]
    count = {
        "n": db.session.scalar(select(func.count()).select_from(every.where(*own).subquery())),
        "of": db.session.scalar(select(func.count()).select_from(every.subquery())),
    }
    spoken = {name: format_decimal(number) for name, number in count.items()}
    words = gettext("%(person)s would see %(n)s of %(of)s rows.", person=full_name(person), **spoken)
    return {**count, "words": words}


def rule_condition(said: list[dict[str, Any]], model: type[Any], person: Any) -> ColumnElement[bool] | None:
    """What the rules of one role leave to a person; None for everything.

    :raises BadRequest: when one cannot be read
    """
    return or_(*(rules.condition(rule["filter"], model, person) for rule in said)) if said else None


def own_condition(entries: list[dict[str, Any]], model: type[Any], person: Any) -> ColumnElement[bool] | None:
    """What roles that read these rows leave of them by rules about these rows themselves; None for everything."""
    said = [entry["rows"].get(resource_of(model), []) for entry in entries]
    return rule_condition([rule for rules_ in said for rule in rules_], model, person) if said and all(said) else None


def code_condition(person: Any, model: type[Any]) -> ColumnElement[bool] | None:
    """What the rules in the code leave to a person, whatever his roles; None for everything."""
    if policy.sees_every_row(person):
        return None
    declared = [rule for base in model.__mro__ for rule in policy.REGISTRY.rows.get(base, ())]
    found = [condition for rule in declared if (condition := rule(person)) is not None]
    return and_(*found) if found else None


def code_says(model: type[Any]) -> bool:
    """Do rules in the code narrow these rows as well?"""
    return any(policy.REGISTRY.rows.get(base) for base in model.__mro__)


def condition_names(model: type[Any]) -> list[str]:
    """What a condition may ask, the own fields of the rows first, in the order of the model."""
    known = rules.condition_names(model)
    own = [name for name in known if "." not in name and not _is_hidden(model, name) and operators(filters.field_of(model, name))]
    further = [name for name in known if "." in name and _is_plain(model, name)]
    return sorted(own, key=lambda name: _place(model, name)) + sorted(further)


def offered(model: type[Any], name: str) -> dict[str, Any]:
    """A field as the editor offers it: operators, and how a value is chosen."""
    field, label = wording.field_of(model, name)
    picker = field.kind in ("ref", "many") and field.target is not None
    return {
        "name": name, "label": label, "kind": field.kind, "is_own": "." not in name,
        "ops": operators(field),
        "choices": [{"value": v, "label": str(text)} for v, text in (field.choices.pairs() if field.choices else [])],
        "picker_url": url_for("pickers.options", resource=resource_of(field.model), field=field.name) if picker else "",
    }  # fmt: skip


def operators(field: FieldSpec) -> list[dict[str, Any]]:
    """What can be asked of a field, about the person first: "me", and what he has, such as his channels."""
    personal = filters.personal(field)
    mine = [[value, str(label)] for op, value, label in personal if op == "mine"]
    found: list[dict[str, Any]] = []
    if mine:
        found.append({"op": "mine", "label": gettext("is among the person's own"), "arity": 1, "values": mine})
    if any(op == "me" for op, _value, _label in personal):
        found.append({"op": "me", "label": str(filters.LABELS["me"]), "arity": 0})
    if field.name in filters.PEOPLE:  # whom else it means is no row that a picker knows
        return found
    return found + [{"op": op, "label": str(filters.LABELS[op])} for op in filters.operators(field)]


def _is_hidden(model: type[Any], name: str) -> bool:
    return bool(filters.field_of(model, name).hidden) or name == "version"


def _is_plain(model: type[Any], name: str) -> bool:
    field, _label = wording.field_of(model, name)
    return not field.hidden and field.name not in ("version", "id") and field.kind not in ("file", "longtext", "json")


def _place(model: type[Any], name: str) -> tuple[bool, int]:
    return name in BUILT_IN, list(model.__mapper__.all_orm_descriptors.keys()).index(name)


def fields_of(model: type[Any]) -> list[str]:
    """The fields that a rule can name, in the order of the model; what is computed comes after what is stored."""
    order = list(model.__mapper__.all_orm_descriptors.keys())
    names = [name for name in rules.field_names(model) if not spec(model, name).hidden and wording.has_label(model, name)]
    return sorted(names, key=lambda name: (name not in order, order.index(name) if name in order else 0, name))


def field_row(
    model: type[Any], name: str, of: str, held: set[str], level: str | None, before: str | None
) -> dict[str, Any]:
    """One line of the editor of fields, with what the code says besides."""
    field, guarded = spec(model, name), policy.REGISTRY.fields.get(of, {}).get(name)
    code = ""
    if guarded is not None:
        needs = policy.verb_labels(of).get(guarded.verb, guarded.verb)
        has = guarded.verb in held
        if has:
            code = gettext("The role may “%(verb)s”: it is shown.", verb=needs)
        elif guarded.mask is not None:
            code = gettext("Masked: the role lacks “%(verb)s”.", verb=needs)
        else:
            code = gettext("Hidden: the role lacks “%(verb)s”.", verb=needs)
    return {
        "name": name, "label": wording.field_label(model, name), "level": level or WRITE, "code": code, "changed": level != before,
        "levels": [(key, str(text)) for key, text in LEVELS.items() if key != MASKED or field.kind not in rules.UNMASKABLE],
        "is_computed": field.kind == "computed",
    }  # fmt: skip
