"""One policy: may this actor do this verb on this resource, see which rows, read and write which fields?

Every view, API, job, chart, stream and file asks here. Deny by default: a right is held through a role, row rules and
field rules narrow it. Rules in code are declared in the `permissions.py` of a domain; rules edited in the browser join
through `rows_from` and `fields_from`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import g, has_app_context
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, CompoundSelect, Integer, Select, bindparam, cast, false, null, select, union_all

from app.panel.core import clock, edited, lending
from app.panel.core.actor import SYSTEM, KeyHolder, Preview, StandIn, bounds_of, memory_key, person_of
from app.panel.core.db import db
from app.panel.core.errors import Forbidden
from app.panel.core.fieldaccess import FieldAccess
from app.panel.core.fieldaccess import masked_text as masked_text
from app.panel.core.transaction import in_transaction

ADMINISTRATOR = "administrator"
PREFIX = "can_"
REVEAL = "reveal"  # the verb by which masked values are shown one by one, for a reason
BASIC_VERBS = {
    "read": _("Read"), "write": _("Write"), "delete": _("Delete"), "export": _("Export"), "import": _("Import"),
}  # fmt: skip

Held = frozenset[tuple[str, str]]
Lent = dict[tuple[str, str], list[int]]
RowRule = Callable[[Any], ColumnElement[bool] | None]


@dataclass
class Role:
    key: str
    label: Any
    description: Any = ""
    order: int = 100


@dataclass
class Guarded:
    """A field that needs a verb of its own: `mask` None hides it, otherwise it is shown masked."""

    verb: str
    mask: str | None = None


@dataclass
class Registry:
    """What the domains declared. One a process: it is code, not data."""

    roles: dict[str, Role] = field(default_factory=dict)
    grants: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    verbs: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[type, list[RowRule]] = field(default_factory=dict)
    row_labels: dict[RowRule, Any] = field(default_factory=dict)
    fields: dict[str, dict[str, Guarded]] = field(default_factory=dict)
    bounds: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    moving_money: set[tuple[str, str]] = field(default_factory=set)


REGISTRY = Registry()


def role(key: str, label: Any, description: Any = "", order: int = 100) -> None:
    """Contribute a role that every new instance has."""
    REGISTRY.roles[key] = Role(key, label, description, order)


def grant(role_key: str, rights: dict[str, str]) -> None:
    """Contribute default rights: `grant("support", {"orders.Order": "read write ship"})`."""
    held = REGISTRY.grants.setdefault(role_key, {})
    for resource, verbs_ in rights.items():
        held.setdefault(resource, set()).update(verbs_.split())


def verbs(resource: str, **own: Any) -> None:
    """Declare verbs of a resource beside the basic ones, with the word that the administrator reads."""
    REGISTRY.verbs.setdefault(resource, {}).update(own)


def moves_money(resource: str, *names: str) -> None:
    """Verbs whose services tell the amount by `used`: a right to them can be lent with a limit of money."""
    REGISTRY.moving_money.update((verb, resource) for verb in names)


rows_from, fields_from, rights_from, roles_from = edited.rows_from, edited.fields_from, edited.rights_from, edited.roles_from
follow, attribute = edited.follow, edited.attribute
granted_by = lending.kept_by  # who keeps the rights that people lend to each other


def name(resource: str, label: Any) -> None:
    """Say what a resource is called that has no list of its own."""
    REGISTRY.names[resource] = label


def verb_labels(resource: str) -> dict[str, Any]:
    return {**BASIC_VERBS, **REGISTRY.verbs.get(resource, {})}


def protect(resource: str, *names: str, verb: str) -> None:
    """Fields that leave no trace for whoever lacks the verb."""
    for name in names:
        REGISTRY.fields.setdefault(resource, {})[name] = Guarded(verb)


def mask(resource: str, *names: str, verb: str, how: str = "tail") -> None:
    """Fields that are shown masked (`how`: phone, email, tail, all) to whoever lacks the verb."""
    for name in names:
        REGISTRY.fields.setdefault(resource, {})[name] = Guarded(verb, how)


def rows(model: type, label: Any = "") -> Callable[[RowRule], RowRule]:
    """Declare a row rule: a condition for this actor, or None for no limit. The system and administrators are not asked.

    :param label: what it says, in a sentence for whoever asks why somebody sees a row or does not
    """

    def register(rule: RowRule) -> RowRule:
        REGISTRY.rows.setdefault(model, []).append(rule)
        REGISTRY.row_labels[rule] = label
        return rule

    return register


def bound(resource: str, label: Any) -> None:
    """Let keys be narrowed to some rows of this resource; its row rules, and those of what hangs on it, ask `bounds_of`."""
    REGISTRY.bounds[resource] = label


def sees_every_row(actor: Any) -> bool:
    """Is there no row rule for this actor? The system and administrators, but not by a key that is narrowed."""
    if isinstance(actor, Preview):
        return sees_every_row(actor.subject) and sees_every_row(actor.viewer)
    return actor is SYSTEM or (is_administrator(person_of(actor)) and not bounds_of(actor))


def is_administrator(actor: Any) -> bool:
    if isinstance(actor, Preview):
        return is_administrator(actor.subject) and is_administrator(actor.viewer)
    for role_ in getattr(actor, "roles", ()) or ():  # most have one role, and this is asked some hundred times a page
        if role_.name == ADMINISTRATOR:
            return True
    groups = getattr(actor, "groups", ()) or ()
    return any(role_.name == ADMINISTRATOR for group in groups for role_ in group.roles)


def every_role_of(actor: Any) -> list[Any]:
    """The roles that somebody has, by himself and through groups."""
    own = [*(getattr(actor, "roles", ()) or ())]
    return own + [role_ for group in getattr(actor, "groups", ()) or () for role_ in group.roles]


def roles_of(actor: Any) -> list[tuple[str, Any]]:
    """(key, label) of the roles that somebody has, by himself and through groups."""
    keys = sorted({role_.name for role_ in every_role_of(actor)})
    return [(key, REGISTRY.roles[key].label if key in REGISTRY.roles else key) for key in keys]


def shares_with(actor: Any) -> list[tuple[str, Any]]:
    """(key, label) of the roles for which somebody may keep something: his own, and an administrator for any."""
    own = roles_of(actor)
    held_by = dict(own)
    return own if not is_administrator(actor) else [*own, *(one for one in edited.roles() if one[0] not in held_by)]


def held(actor: Any) -> Held:
    """All (verb, resource) pairs that an actor holds himself, through roles. What was lent to him he cannot pass on."""
    if isinstance(actor, Preview):
        return frozenset(pair for pair in held(actor.subject) if actor.also(allowed, *pair))
    if isinstance(actor, KeyHolder):
        return frozenset(pair for pair in actor.rights if allowed(actor, *pair))
    return _rights_of(actor)[0]


def usable(actor: Any) -> Held:
    """What an actor may do now: the rights that he holds and those that were lent to him."""
    if isinstance(actor, Preview):
        return frozenset(pair for pair in usable(actor.subject) if actor.also(allowed, *pair))
    if isinstance(actor, KeyHolder):
        return held(actor)
    own, borrowed = _rights_of(actor)
    return own | {pair for pair in borrowed if lent(actor, *pair) is not None} if borrowed else own


def _rights_of(actor: Any) -> tuple[Held, Lent]:
    """What an actor holds and what was lent to him: one statement a request, then from memory."""
    if actor is None or getattr(actor, "id", None) is None:
        return frozenset(), {}
    cache, key = g.setdefault("_policy_held", {}) if has_app_context() else {}, memory_key(actor)
    if key not in cache:
        said = edited.rights(actor)
        cache[key] = _load(actor.id) if said is None else (said, {})
    return cache[key]  # type: ignore[no-any-return]


def lent(actor: Any, verb: str, resource: str) -> int | None:
    """The number of what lets this actor do it that does not hold the right himself; None where nothing does."""
    person = person_of(actor)
    if actor is SYSTEM or isinstance(actor, StandIn) or is_administrator(person):
        return None
    own, borrowed = _rights_of(person)
    if not borrowed or (verb, resource) in own:
        return None
    keeper = lending.keeper()
    return next((number for number in borrowed.get((verb, resource), ()) if keeper is not None and keeper.stands(number)), None)


_remembered = ["_policy_held", "_policy_roles", "_policy_seen", "_policy_fields"]


def remembers(key: str) -> None:
    """Register what a source of rights keeps in `g` under a name of its own, so that `forget` drops it as well."""
    _remembered.append(key)


def forget() -> None:
    """Drop what this request or job remembers of rights, after a change of them or before a new chunk of long work."""
    if has_app_context():
        for key in _remembered:
            g.pop(key, None)


def _load(user_id: int) -> tuple[Held, Lent]:
    own, borrowed = set(), dict[tuple[str, str], list[int]]()
    for name, resource, number in db.session.execute(_rights_of_one(), {"user_id": user_id, "now": clock.now()}):
        if number is None:
            own.add((name.removeprefix(PREFIX), resource))
        else:
            borrowed.setdefault((name, resource), []).append(number)
    return frozenset(own), borrowed


@functools.cache
def _rights_of_one() -> Select[Any] | CompoundSelect[Any]:
    """Built once: every request asks this, and SQLAlchemy takes longer to build it than the database to answer."""
    t, person = db.metadata.tables, bindparam("user_id")  # type: ignore[var-annotated]
    pvr, pv = t["ab_permission_view_role"], t["ab_permission_view"]
    roles = union_all(
        select(t["ab_user_role"].c.role_id).where(t["ab_user_role"].c.user_id == person),
        select(t["ab_group_role"].c.role_id)
        .join(t["ab_user_group"], t["ab_user_group"].c.group_id == t["ab_group_role"].c.group_id)
        .where(t["ab_user_group"].c.user_id == person),
    ).subquery()
    through_roles = (
        select(t["ab_permission"].c.name, t["ab_view_menu"].c.name, cast(null(), Integer))
        .select_from(pvr)
        .join(pv, pv.c.id == pvr.c.permission_view_id)
        .join(t["ab_permission"], t["ab_permission"].c.id == pv.c.permission_id)
        .join(t["ab_view_menu"], t["ab_view_menu"].c.id == pv.c.view_menu_id)
        .where(pvr.c.role_id.in_(select(roles.c.role_id)))
    )
    keeper = lending.keeper()
    return union_all(through_roles, keeper.rights()) if keeper is not None else through_roles


def allowed(actor: Any, verb: str, resource: str) -> bool:
    """May `actor` do `verb` on `resource`, some row of it at least?"""
    if actor is SYSTEM:
        return True
    if actor is None or not getattr(actor, "is_active", False):
        return False
    if isinstance(actor, Preview):
        return allowed(actor.subject, verb, resource) and actor.also(allowed, verb, resource)
    if isinstance(actor, KeyHolder):
        # what was lent to a person is not passed on to his programs
        return (verb, resource) in actor.rights and allowed(actor.person, verb, resource) and lent(actor, verb, resource) is None
    return is_administrator(actor) or (verb, resource) in held(actor) or lent(actor, verb, resource) is not None


def authorize(actor: Any, verb: str, resource: str, *, by_loan: bool = True) -> None:
    """A service that asks here for a right which was lent to the actor uses it once.

    :param by_loan: False where neither uses nor money could be counted: then the actor must hold the right himself
    :raises Forbidden: unless `actor` may do `verb` on `resource`
    """
    if not allowed(actor, verb, resource) or (not by_loan and lent(actor, verb, resource) is not None):
        word = verb_labels(resource).get(verb, verb)
        raise Forbidden(gettext("You may not do this: %(verb)s.", verb=word))
    if verb != "read" and in_transaction() and (number := lent(actor, verb, resource)) is not None:
        lending.count(number, actor, verb, resource)


def used(actor: Any, verb: str, resource: str, *, amount: int, currency: str) -> None:
    """Tell how much money a service moves, after it was authorized: a right that was lent may have a limit.

    :raises Forbidden: when it is more than was lent
    """
    if (number := lent(actor, verb, resource)) is not None:
        lending.spend(number, actor, amount, currency)


def row_condition(actor: Any, model: type) -> edited.Condition:
    """The condition that limits the rows of `model` for `actor`, by code and by what people edit; None for all of them."""
    if isinstance(actor, Preview):
        both = (row_condition(actor.subject, model), actor.also(row_condition, model))
        return edited.together(condition for condition in both if condition is not None)
    if sees_every_row(actor) and not isinstance(actor, StandIn):
        return None
    rules = [rule for base in model.__mro__ for rule in REGISTRY.rows.get(base, ())]
    if actor is None or getattr(actor, "id", None) is None:
        return false() if rules else None
    found = [condition for rule in rules if (condition := rule(actor)) is not None]
    by_people = browser_rows(actor, model)
    return edited.together(found if by_people is None else [*found, by_people])


def browser_rows(actor: Any, model: type) -> edited.Condition:
    """The condition of the rules that people edit alone; None for no limit."""
    if isinstance(actor, Preview):
        both = (browser_rows(actor.subject, model), actor.also(browser_rows, model))
        return edited.together(condition for condition in both if condition is not None)
    return edited.rows(_bound_person(actor), model) if _is_bound(actor) else None


def browser_fields(actor: Any, resource: str) -> dict[str, str]:
    """ "hidden", "masked" or "read" by field, by the rules that people edit alone."""
    if isinstance(actor, Preview):
        return edited.narrower(browser_fields(actor.subject, resource), actor.also(browser_fields, resource))
    return edited.fields(_bound_person(actor), resource) if _is_bound(actor) else {}


def _bound_person(actor: Any) -> Any:
    """Whose roles count: those of the person behind a key, but a stand-in's own."""
    return actor if isinstance(actor, StandIn) else person_of(actor)


def _is_bound(actor: Any) -> bool:
    """Do the rules that people edit hold for this actor? A key is bound as its person is."""
    person = _bound_person(actor)
    return actor is not SYSTEM and getattr(person, "id", None) is not None and not is_administrator(person)


def scope(statement: Select[Any], actor: Any, model: type) -> Select[Any]:
    """Narrow a select over `model` to the rows that `actor` may see."""
    condition = row_condition(actor, model)
    return statement if condition is None else statement.where(condition)


def fields(actor: Any, resource: str) -> FieldAccess:
    """Field rules of `resource` for `actor`, by code and by what people edit: of both the narrower holds.

    A guarded relation `cost` also guards `cost_id`.
    """
    hidden, masks, fixed = set(), {}, set()
    known = REGISTRY.fields.get(resource, {})
    for name, guarded in known.items():
        if not allowed(actor, guarded.verb, resource):
            if guarded.mask is None:
                hidden |= _both(name)
            else:
                masks.update(dict.fromkeys(_both(name), guarded.mask))
    for name, level in browser_fields(actor, resource).items():
        if level == "hidden":
            hidden |= _both(name)
        elif level == "read":
            fixed |= _both(name)
        else:
            kind, how = level.partition(" ")[::2]
            assert kind == "masked"
            masks.update(dict.fromkeys(_both(name), (known[name].mask if name in known else "") or how or "all"))
            fixed |= _both(name)
    masks = {name: how for name, how in masks.items() if name not in hidden}
    may_reveal = bool(masks) and allowed(actor, REVEAL, resource)
    return FieldAccess(frozenset(hidden), masks, allowed(actor, "write", resource), may_reveal, frozenset(fixed))


def _both(name: str) -> set[str]:
    return {name, name.removesuffix("_id")} | (set() if name.endswith("_id") else {f"{name}_id"})
