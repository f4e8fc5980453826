"""Why somebody may or may not, and who may: the policy's answer, with every role, rule and loan that it comes from.

The answer itself is always the policy's own. What stands here are its reasons, read from the same places that it asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import selectinload

from app.panel.accounts.configuration import rules, store
from app.panel.accounts.models import Role, User, full_name
from app.panel.accounts.models.delegation import Delegation
from app.panel.accounts.rights import rolebook, ruling, wording
from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.errors import NotFound
from app.panel.core.fields import resource_of, show_instant

YES, NO, SO = "yes", "no", "so"
HIDDEN, MASKED, READ, WRITE = "hidden", "masked", "read", "write"


@dataclass(frozen=True)
class Reason:
    """One sentence: for (`yes`), against (`no`), or only to be known (`so`). `rule` is what a rule in the code says."""

    tone: str
    text: str
    rule: str = ""


@dataclass
class Answer:
    """What the policy says, and why."""

    is_yes: bool
    words: str
    reasons: list[Reason] = field(default_factory=list)


def right(person: Any, verb: str, resource: str) -> Answer:
    """May this person do this verb?"""
    is_yes, names = policy.allowed(person, verb, resource), _names(person, verb, resource)
    words = (
        gettext("Yes: %(person)s may “%(verb)s” (%(what)s).", **names)
        if is_yes
        else gettext("No: %(person)s may not “%(verb)s” (%(what)s).", **names)
    )
    return Answer(is_yes, words, list(_right_reasons(person, verb, resource)))


def sight(person: Any, resource: str, name: str) -> Answer:
    """Does this person see this field, in full, and may he change it?"""
    model = rules.model_of(resource)
    names = {"person": full_name(person), "field": wording.field_label(model, name)}
    if not policy.allowed(person, "read", resource):
        words = gettext("No: %(person)s does not see “%(field)s”, for he reads none of these rows.", **names)
        return Answer(False, words, list(_right_reasons(person, "read", resource)))
    access = policy.fields(person, resource)
    if not access.readable(name):
        words = gettext("No: %(person)s does not see “%(field)s”. It leaves no trace for him.", **names)
    elif access.masked(name):
        words = gettext("Partly: %(person)s sees “%(field)s” masked.", **names)
    elif access.writable(name):
        words = gettext("Yes: %(person)s sees “%(field)s” and may change it.", **names)
    else:
        words = gettext("Yes: %(person)s sees “%(field)s” and does not change it.", **names)
    is_seen = access.readable(name) and not access.masked(name)
    return Answer(is_seen, words, [*_right_reasons(person, "read", resource), *_field_reasons(person, resource, name)])


def row(person: Any, resource: str, number: str, actor: Any) -> Answer:
    """Does this person see this row? `actor` asks, and is told only of rows that he sees himself.

    :raises NotFound: when there is no such row for `actor`
    """
    model: Any = rules.model_of(resource)
    found = _row(model, number, actor) if model is not None else None
    if found is None:
        raise NotFound(gettext("There is no such row, or you do not see it yourself."))
    names = {"person": full_name(person), "row": str(found)}
    may_read = policy.allowed(person, "read", resource)
    is_seen = may_read and _fits(policy.row_condition(person, model), model, found.id)
    yes, no = gettext("Yes: %(person)s sees “%(row)s”.", **names), gettext("No: %(person)s does not see “%(row)s”.", **names)
    words = yes if is_seen else no
    return Answer(is_seen, words, [*_right_reasons(person, "read", resource), *_row_reasons(person, model, found.id)])


def who(verb: str, resource: str, name: str = "") -> list[tuple[Any, Answer]]:
    """Everybody who may do the verb, and where a field is named, also sees it: each with his reasons."""
    found = []
    for person in people():
        if policy.allowed(person, verb, resource):
            answer = right(person, verb, resource)
            if not name:
                found.append((person, answer))
            elif policy.fields(person, resource).readable(name):
                seen = sight(person, resource, name)
                reasons = [*answer.reasons, *_field_reasons(person, resource, name)]
                found.append((person, Answer(seen.is_yes, seen.words, reasons)))
    return found


def people() -> list[User]:
    """All who can log in."""
    query = select(User).where(User.active.is_(True)).order_by(User.first_name, User.id)
    return list(db.session.scalars(query.options(selectinload(User.roles), selectinload(User.groups))))  # type: ignore[attr-defined]


def _names(person: Any, verb: str, resource: str) -> dict[str, Any]:
    label = policy.verb_labels(resource).get(verb, verb)
    return {"person": full_name(person), "verb": label, "what": wording.resource_label(resource)}


def _right_reasons(person: Any, verb: str, resource: str) -> Iterable[Reason]:
    names = _names(person, verb, resource)
    if not person.is_active:
        yield Reason(NO, gettext("The account of %(person)s is disabled.", **names))
        return
    if policy.is_administrator(person):
        yield Reason(YES, gettext("%(person)s is an administrator, and administrators hold every right.", **names))
        return
    keys = [key for key, _label in policy.roles_of(person)]
    if not keys:
        yield Reason(NO, gettext("%(person)s has no role.", **names))
    able = roles_with(verb, resource)
    for key in keys:
        has = key in able
        yield _of_role(has, {"role": role_label(key), **names})
    yield from _loans(person, verb, resource)
    if not policy.allowed(person, verb, resource):
        others = sorted(role_label(key) for key in able)
        yield Reason(SO, gettext("Roles that may: %(roles)s.", roles=gettext(", ").join(others) or gettext("only administrators")))


def _of_role(has: bool, names: dict[str, Any]) -> Reason:
    if has:
        return Reason(YES, gettext("The role %(role)s may “%(verb)s” (%(what)s).", **names))
    return Reason(NO, gettext("The role %(role)s may not “%(verb)s” (%(what)s).", **names))


def _loans(person: Any, verb: str, resource: str) -> Iterable[Reason]:
    number = policy.lent(person, verb, resource)
    loan = db.session.get(Delegation, number) if number is not None else None
    if loan is not None:
        lender = db.session.get(User, loan.lender_id)
        names = {"lender": full_name(lender) if lender is not None else "", "until": show_instant(loan.until_at)}
        yield Reason(YES, gettext("%(lender)s has lent it until %(until)s.", **names))
    of_it = select(Delegation).where(Delegation.person_id == person.id, Delegation.verb == verb, Delegation.resource == resource)
    over = of_it.where(Delegation.until_at <= clock.now())
    if loan is None and db.session.scalar(over.limit(1)) is not None:
        yield Reason(SO, gettext("It was lent once; that is over."))


def _field_reasons(person: Any, resource: str, name: str) -> Iterable[Reason]:
    if policy.is_administrator(person):
        return
    for guard, guarded in policy.REGISTRY.fields.get(resource, {}).items():
        if name in (guard, guard.removesuffix("_id"), f"{guard}_id"):
            label = policy.verb_labels(resource).get(guarded.verb, guarded.verb)
            if policy.allowed(person, guarded.verb, resource):
                yield Reason(YES, gettext("The field needs the right “%(verb)s”, which is there.", verb=label))
            elif guarded.mask is None:
                yield Reason(NO, gettext("The field is hidden without the right “%(verb)s”.", verb=label))
            else:
                yield Reason(NO, gettext("The field is masked without the right “%(verb)s”.", verb=label))
            yield from (reason for reason in _right_reasons(person, guarded.verb, resource) if reason.tone != SO)
    yield from _edited_field_reasons(person, resource, name)
    if not policy.allowed(person, "write", resource):
        yield Reason(SO, gettext("To change it needs the right “%(verb)s”, which is not there.", verb=policy.BASIC_VERBS["write"]))


def _edited_field_reasons(person: Any, resource: str, name: str) -> Iterable[Reason]:
    """What the roles say of the field; the most open of those that read these rows counts."""
    said = [(key, entry["fields"].get(resource, {}).get(name, WRITE)) for key, entry in _reading(person, resource)]
    if all(level == WRITE for _key, level in said):
        return
    for key, level in said:
        names = {"role": role_label(key), "level": wording.LEVELS[level]}
        yield Reason(YES if level == WRITE else NO, gettext("By its rule of fields the role %(role)s has it: %(level)s.", **names))
    if len(said) > 1:
        yield Reason(SO, gettext("Of several roles the most open counts."))


def _row_reasons(person: Any, model: Any, key: int) -> Iterable[Reason]:
    if policy.sees_every_row(person):
        yield Reason(YES, gettext("Administrators see every row."))
        return
    for rule in (rule for base in model.__mro__ for rule in policy.REGISTRY.rows.get(base, ())):
        condition, says = rule(person), str(policy.REGISTRY.row_labels.get(rule, ""))
        if condition is not None and not _fits(condition, model, key):
            yield Reason(NO, gettext("A rule of the house keeps this row from him."), says)
        else:
            yield Reason(YES, gettext("A rule of the house lets it through."), says)
    reading = _reading(person, resource_of(model))
    for role, entry in reading:
        said = entry["rows"].get(resource_of(model), [])
        names = {"role": role_label(role), "rule": wording.rows_said(said, resource_of(model))}
        if not said:
            yield Reason(YES, gettext("The role %(role)s sees all rows.", **names))
        elif _fits(ruling.rule_condition(said, model, person), model, key):
            yield Reason(YES, gettext("The role %(role)s sees it by its rule: %(rule)s.", **names))
        else:
            yield Reason(NO, gettext("The role %(role)s sees only: %(rule)s.", **names))
    by_people = policy.browser_rows(person, model)
    own = ruling.own_condition([entry for _role, entry in reading], model, person)
    if by_people is not None and _fits(own, model, key) and not _fits(by_people, model, key):
        yield Reason(NO, gettext("It belongs to a row that his roles keep from him by their rules."))
    if len(reading) > 1:
        yield Reason(SO, gettext("It is enough that one role sees the row; the rules of the house must all let it through."))


def _reading(person: Any, resource: str) -> list[tuple[str, dict[str, Any]]]:
    """The roles of a person that read a resource, as the configuration describes them."""
    known = store.in_force()["roles"]
    mine = [(key, known[key]) for key, _label in policy.roles_of(person) if key in known]
    return [(key, entry) for key, entry in mine if "read" in entry["rights"].get(resource, ())]


def roles_with(verb: str, resource: str) -> set[str]:
    """The roles that hold a right: by the tables that the policy reads, or by the draft while one looks at it."""
    if (ahead := store.previewed()) is not None:
        return {key for key, entry in ahead["roles"].items() if verb in entry["rights"].get(resource, ())}
    t = db.metadata.tables
    pair, role = t["ab_permission_view"], t["ab_permission_view_role"]
    query = (
        select(Role.name)
        .join(role, role.c.role_id == Role.id)
        .join(pair, pair.c.id == role.c.permission_view_id)
        .join(t["ab_permission"], t["ab_permission"].c.id == pair.c.permission_id)
        .join(t["ab_view_menu"], t["ab_view_menu"].c.id == pair.c.view_menu_id)
        .where(t["ab_permission"].c.name == f"{policy.PREFIX}{verb}", t["ab_view_menu"].c.name == resource)
    )
    return set(db.session.scalars(query)) - {policy.ADMINISTRATOR}


def role_label(key: str) -> str:
    return rolebook.label(key, store.in_force())


def _row(model: Any, number: str, actor: Any) -> Any:
    """A row by what people call it, its number or name, else by its key in the address."""
    text, base = number.strip(), policy.scope(select(model), actor, model)
    for name in {"number", "code", "name"} & set(model.__table__.columns.keys()):
        if (found := db.session.scalars(base.where(getattr(model, name) == text).limit(1)).first()) is not None:
            return found
    if text.isdecimal() and 0 < int(text) < 2**31:
        return db.session.scalars(base.where(model.id == int(text))).first()
    return None


def _fits(condition: ColumnElement[bool] | None, model: Any, key: int) -> bool:
    query = select(model.id).where(model.id == key)
    return db.session.scalar(query if condition is None else query.where(condition)) is not None
