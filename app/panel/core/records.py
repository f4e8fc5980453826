"""The generic verbs of a row: read, create, update, delete. Screens, API, sheets and imports all write through here.

A domain that has rules of its own replaces a verb for its model with `override`; rights, field rules, references and
row scope are checked here in either case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.panel.core import clock, files, history, integrity, policy, setwise, sight, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.panel.core.fields import TO_MANY, FieldSpec, resource_of, specs
from app.panel.core.transaction import transactional


@dataclass
class Verbs:
    """What a domain puts in the place of the generic verbs of one model."""

    create: Callable[..., Any] | None = None
    update: Callable[..., Any] | None = None
    delete: Callable[..., Any] | None = None
    validate: Callable[[Any, dict[str, Any]], None] | None = None
    settle: Callable[[Any, dict[str, Any]], dict[str, Any]] | None = None


_overrides: dict[type, Verbs] = {}


def override(model: type, **verbs: Any) -> None:
    """`create(values, *, actor)`, `update(obj, values, *, actor)`, `delete(obj, *, actor)`, `validate(obj_or_None, values)`.

    `settle(obj_or_None, values)` returns the values of a row that is written in the table of another form as its own
    `create` and `update` would store them, or refuses them.
    """
    known = _overrides.setdefault(model, Verbs())
    for name, verb in verbs.items():
        setattr(known, name, verb)


def is_plain(model: type[Any]) -> bool:
    """Are its rows created and changed without rules of a domain, so that many can be written as a set?"""
    own = _overrides.get(model, Verbs())
    return own.create is None and own.update is None and own.validate is None


def get(model: type[Any], pk: object, *, actor: Any, verb: str = "read") -> Any:
    """The row, if `actor` may do `verb` on it.

    :raises Forbidden: without the verb at all
    :raises NotFound: when there is none, or none in his rows
    """
    policy.authorize(actor, verb, resource_of(model))
    found = get_many(model, [pk], actor=actor)
    return found[0]


def get_many(model: type[Any], pks: Sequence[Any], *, actor: Any) -> list[Any]:
    """All of the rows in the order asked, in one statement; NotFound when one of them is missing or foreign."""
    try:
        keys = [int(str(pk)) for pk in pks]
    except ValueError:
        raise NotFound(_("There is nothing here.")) from None
    if any(not 0 < key < 2**31 for key in keys):
        raise NotFound(_("There is nothing here."))
    statement = policy.scope(select(model).where(model.id.in_(keys)), actor, model)
    found = {row.id: row for row in db.session.scalars(statement)}
    if set(keys) - set(found):
        raise NotFound(_("There is nothing here."))
    return [found[key] for key in dict.fromkeys(keys)]


def parse(
    model: type[Any], raw: Mapping[str, Any], *, row: Any = None, partial: bool = False, names: set[str] | None = None
) -> dict[str, Any]:
    """Python values of what was written, by field name.

    :param row: the row that is edited, None for a new one
    :param partial: leave out what `raw` does not name
    :raises InvalidInput: with a sentence for every field that does not fit
    """
    known, values, errors = specs(model), {}, {}
    wanted = {spec.name: spec for spec in known.values() if names is None or spec.name in names}
    for key in raw:
        if key not in known or known[key].name not in wanted:
            errors[key] = _("There is no such field.")
    context = {**(_values(row) if row is not None else _defaults(wanted)), **{k: v for k, v in raw.items() if v}}
    for spec in wanted.values():
        given = spec.name in raw or (spec.relation or "") in raw
        if spec.readonly or (not given and (partial or row is not None or spec.kind in ("bool", "children"))):
            continue
        if not given and spec.default is not None:
            continue
        try:
            value = spec.parse(raw.get(spec.name, raw.get(spec.relation or "")), context)
            # a column with a default knows no NULL: an emptied field means the default
            values[spec.name] = spec.default if value is None and spec.default is not None else value
        except ValueError as error:
            if spec.check is not None and row is not None and _stands(row, spec, raw):
                continue  # older than the rule: whoever changes other fields is not held up by it
            errors[spec.screen_name if spec.screen_name in raw else spec.name] = str(error)
    if errors:
        raise InvalidInput(errors)
    return values


def _stands(row: Any, spec: FieldSpec, raw: Mapping[str, Any]) -> bool:
    """Was a field sent as it is stored?"""
    given, kept = raw.get(spec.name), getattr(row, spec.name)
    return isinstance(given, str) and bool(kept) and given.strip() == kept


def _values(row: Any) -> dict[str, Any]:
    return {attr.key: getattr(row, attr.key) for attr in inspect(row).mapper.column_attrs}


def _defaults(wanted: dict[str, FieldSpec]) -> dict[str, Any]:
    return {name: spec.default for name, spec in wanted.items() if spec.default is not None}


@transactional
def create(model: type[Any], values: Mapping[str, Any], *, actor: Any) -> Any:
    """A new row from Python values.

    :raises Forbidden: when the actor may not write the resource, a field, or a row such as this
    :raises InvalidInput: when a value does not fit the others or a reference is not among his rows
    """
    own = _overrides.get(model, Verbs())
    resource = resource_of(model)
    policy.authorize(actor, "write", resource)
    with history.by(actor=actor), integrity.explained(model, actor):
        _check(model, None, dict(values), actor)
        if own.create is not None:
            obj = own.create(dict(values), actor=actor)
        else:
            obj = model()
            db.session.add(obj)
            with db.session.no_autoflush:
                assign(obj, values, actor=actor)
        db.session.flush()
    _still_mine(obj, actor)
    return obj


@transactional
def update(obj: Any, values: Mapping[str, Any], *, actor: Any, version: int | None = None) -> Any:
    """Change a row. Give the version that the person saw: a stale one is refused instead of overwriting.

    :raises Conflict: with the values that stand now
    """
    own = _overrides.get(type(obj), Verbs())
    policy.authorize(actor, "write", resource_of(type(obj)))
    if version is not None and obj.version != version:
        raise Conflict(_("Somebody else changed this in the meantime."), theirs=_values(obj))
    _still_mine(obj, actor)
    _permit(obj, [name for name in values if not _sees(obj, name, actor)], actor)
    changed = {name: value for name, value in values.items() if not _same(obj, name, value)}
    before, seen = _belongings(obj, changed), obj.version
    with history.by(actor=actor), integrity.explained(type(obj), actor):
        _check(type(obj), obj, changed, actor)
        if own.update is not None:
            own.update(obj, changed, actor=actor)
        else:
            with db.session.no_autoflush:
                assign(obj, changed, actor=actor)
        db.session.flush()
        if obj.version == seen and _belongings(obj, changed) != before:
            # what belongs to a row is part of what the next person saw: his version must be an old one
            obj.changed_at = clock.now()
            db.session.flush()
    _still_mine(obj, actor)
    return obj


def check(obj: Any, values: Mapping[str, Any], *, actor: Any) -> None:
    """Would `update` take these values, as far as that is known before anything is written?

    :raises DomainError: as `update` does: rights, references, the rules of the domain
    """
    _check(type(obj), obj, {name: value for name, value in values.items() if not _same(obj, name, value)}, actor)


@transactional
def delete(obj: Any, *, actor: Any, version: int | None = None) -> None:
    """Move a row and its children to the trash.

    :raises DomainError: when other rows need it
    """
    policy.authorize(actor, "delete", resource_of(type(obj)))
    if version is not None and obj.version != version:
        raise Conflict(_("Somebody else changed this in the meantime."), theirs=_values(obj))
    _still_mine(obj, actor)
    own = _overrides.get(type(obj), Verbs())
    with history.by(actor=actor):
        if own.delete is not None:
            own.delete(obj, actor=actor)
        else:
            trash.put(obj, actor=actor)


def _belongings(obj: Any, names: Iterable[str]) -> dict[str, Any]:
    """The rows behind the many-to-many relations and the children among `names`, children with their versions."""
    known = specs(type(obj))
    return {
        name: sorted((row.id, row.version if known[name].kind == "children" else 0) for row in getattr(obj, name))
        for name in names
        if name in known and known[name].kind in TO_MANY
    }


def _same(obj: Any, name: str, value: Any) -> bool:
    spec = specs(type(obj)).get(name)
    if spec is None or spec.kind == "children":
        return False
    if spec.kind == "many":
        return {row.id for row in getattr(obj, name)} == set(value)
    return bool(getattr(obj, spec.name) == value)


def can_fill(fields: Iterable[FieldSpec], access: policy.FieldAccess) -> bool:
    """Does no rule keep a field from somebody with this access without which there is no new row?"""
    needed = [one for one in fields if one.required and one.default is None and not one.readonly]
    return all(access.is_open(one.name) for one in needed)


def must_fill(fields: Iterable[FieldSpec], access: policy.FieldAccess) -> None:
    """:raises Forbidden: unless he can; the field is not named"""
    if access.may_write and not can_fill(fields, access):
        raise Forbidden(_("You cannot add this: it needs something that you may not fill in."))


def _sees(obj: Any, name: str, actor: Any) -> bool:
    """Does he see whole what stands there? If not, he is refused whether he writes the same or something else."""
    return policy.fields(actor, resource_of(type(obj))).usable(specs(type(obj))[name].name)


def _permit(row: Any, names: Iterable[str], actor: Any, model: Any = None) -> None:
    model = model or type(row)
    access = policy.fields(actor, resource_of(model))
    for name in names:
        spec = specs(model)[name]
        if not access.settable(spec.name, row):
            raise setwise.refusal(spec, access)


def _check(model: type[Any], obj: Any, values: dict[str, Any], actor: Any) -> None:
    _permit(obj, values, actor, model)
    if errors := _unreachable(model, values, actor):
        raise InvalidInput(errors)
    own = _overrides.get(model, Verbs())
    if own.validate is not None:
        own.validate(obj, values)


def _unreachable(model: type[Any], values: Mapping[str, Any], actor: Any) -> dict[str, object]:
    """References to what the actor cannot see: rows outside of his, files that he neither gave nor may read."""
    errors: dict[str, object] = {}
    for name, value in values.items():
        spec = specs(model)[name]
        if spec.target is None or spec.kind not in ("ref", "file", "many") or value in (None, []):
            continue
        try:
            rows = get_many(spec.target, value if spec.kind == "many" else [value], actor=actor)
        except NotFound:
            rows = []
        # whoever guesses a number would else be shown the file as his own picture
        if not rows or (spec.kind == "file" and actor is not SYSTEM and not files.may_read(actor, rows[0])):
            errors[spec.name] = _("Choose one from the list.")
    return errors


def assign(obj: Any, values: Mapping[str, Any], *, actor: Any) -> None:
    """Set parsed values on a row: ids of many-to-many become rows, dicts of children become children."""
    for name, value in values.items():
        spec = specs(type(obj))[name]
        if spec.kind == "many":
            setattr(obj, name, get_many(spec.target, value, actor=SYSTEM) if value else [])  # type: ignore[arg-type]
        elif spec.kind == "children":
            _assign_children(obj, spec, value, actor)
        else:
            setattr(obj, spec.name, value)


def _assign_children(obj: Any, spec: FieldSpec, rows: list[dict[str, Any]], actor: Any) -> None:
    """Rows with an `id` are changed, those without are new, those not named are removed; what the actor cannot see stays."""
    model: Any = spec.target
    access = policy.fields(actor, resource_of(model))
    back = {column.key for column in inspect(type(obj)).relationships[spec.name].remote_side}
    existing = {row.id: row for row in sight.children(actor, getattr(obj, spec.name))}
    unseen = [row for row in getattr(obj, spec.name) if row.id not in existing]
    kept, errors, settle = [], {}, _overrides.get(model, Verbs()).settle
    for index, raw in enumerate(rows):
        raw = dict(raw)
        key, seen = raw.pop("id", None), str(raw.pop("version", None) or "")
        child = existing.get(int(key)) if str(key).isdecimal() else None
        if key not in (None, "") and child is None:
            raise NotFound(_("There is nothing here."))
        own = {s.name for s in specs(model).values()} - back
        raw = {name: value for name, value in raw.items() if child is None or not _stays(child, name, value, access)}
        if kept_from := sorted(name for name in own & set(raw) if not _may_fill(child, name, access)):
            raise Forbidden(_("You may not change “%(field)s”.", field=specs(model)[kept_from[0]].label))
        try:
            values = parse(model, raw, row=child, names=own)
            values = settle(child, values) if settle is not None else values
        except InvalidInput as error:
            errors.update({f"{spec.name}.{index}.{name}": text for name, text in error.errors.items()})
            continue
        fresh = values if child is None else {n: v for n, v in values.items() if not _same(child, n, v)}
        if unreachable := _unreachable(model, fresh, actor):
            errors.update({f"{spec.name}.{index}.{name}": text for name, text in unreachable.items()})
            continue
        if child is not None and fresh and seen.isdecimal() and int(seen) != child.version:
            raise Conflict(_("Somebody else changed this in the meantime."), theirs=_values(obj))
        child = child or model()
        assign(child, values, actor=actor)
        kept.append(child)
    if errors:
        raise InvalidInput(errors)
    for child in existing.values():
        if child not in kept:
            trash.keep(child, actor=actor)
    setattr(obj, spec.name, [*kept, *unseen])


def _stays(child: Any, name: str, value: Any, access: policy.FieldAccess) -> bool:
    """Is this field of a row, which its writer sees masked, sent empty or as it was shown?"""
    return access.masked(name) and value in ("", None, access.mask(name, getattr(child, name, None)))


def _may_fill(child: Any, name: str, access: policy.FieldAccess) -> bool:
    """May this field of a row in a table be written? Who may write the whole may write its rows."""
    stands = child is not None and getattr(child, name, None) not in (None, "")
    return access.is_open(name) and (not access.masked(name) or access.may_reveal or not stands)


def _still_mine(obj: Any, actor: Any) -> None:
    """A row must be among the actor's rows before and after his change: nobody moves it out of, or into, his reach."""
    condition = policy.row_condition(actor, type(obj))
    if condition is None:
        return
    model = type(obj)
    if db.session.scalar(select(model.id).where(model.id == obj.id, condition)) is None:
        raise NotFound(_("There is nothing here."))


__all__ = [
    "assign", "create", "delete", "get", "get_many", "override", "parse", "update",
]  # fmt: skip
