"""The roles of the draft: made from a template or another role, called, changed, deleted. Nothing of it holds before it
is published.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import func, select, union

from app.panel.accounts.configuration import document as documents
from app.panel.accounts.configuration import store
from app.panel.accounts.models import Role
from app.panel.accounts.rights import matrix
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.transaction import transactional

Document = dict[str, Any]
Texts = Mapping[str, str]
FROM_TEMPLATE, FROM_ROLE = "template", "role"
_everyone: dict[str, tuple[Document, list[tuple[str, str]]]] = {}  # by language: a document, and its roles with their names


def label(key: str, document: Document) -> str:
    """What a role is called, in the language of the reader: as the administrator says, else as the code does."""
    return _text(document["roles"].get(key, {}).get("label") or {}) or str(_known(key, "label") or key)


def description(key: str, document: Document) -> str:
    return _text(document["roles"].get(key, {}).get("description") or {}) or str(_known(key, "description") or "")


def _known(key: str, name: str) -> Any:
    role = policy.REGISTRY.roles.get(key)
    return getattr(role, name) if role is not None else ""


def _text(texts: Texts) -> str:
    """The text of this language, else of the other one: a name in a foreign tongue is better than a key."""
    return texts.get(str(get_locale())) or next((text for text in texts.values() if text), "")


def in_order(document: Document) -> list[str]:
    """As the domains contributed them, then by name; without the administrator, whose rights nobody sets."""
    known = policy.REGISTRY.roles
    keys = [key for key in document["roles"] if key != policy.ADMINISTRATOR]
    return sorted(keys, key=lambda key: (known[key].order if key in known else 1000, label(key, document)))


@policy.roles_from
def everyone() -> list[tuple[str, str]]:
    """(key, label) of every role that holds, without the administrator."""
    known, language = store.in_force(), str(get_locale())
    kept = _everyone.get(language)
    if kept is None or kept[0] is not known:  # every list asks this, and nobody changes a document that holds
        kept = _everyone[language] = known, [(key, label(key, known)) for key in in_order(known)]
    return [*kept[1]]


def entry(key: str, document: Document) -> dict[str, Any]:
    """:raises NotFound: when no role is called so"""
    found: dict[str, Any] | None = document["roles"].get(key)
    if found is None:
        raise NotFound(gettext("There is no such role."))
    return found


def templates() -> dict[str, Any]:
    """Key and name of what a new role can begin as: the roles that the domains contribute."""
    roles = sorted(policy.REGISTRY.roles.values(), key=lambda role: role.order)
    return {role.key: role.label for role in roles if role.key != policy.ADMINISTRATOR}


def holders() -> dict[str, int]:
    """How many people have each role, by themselves or through a group."""
    t = db.metadata.tables
    own = select(t["ab_user_role"].c.role_id, t["ab_user_role"].c.user_id)
    grouped = select(t["ab_group_role"].c.role_id, t["ab_user_group"].c.user_id).join(
        t["ab_user_group"], t["ab_user_group"].c.group_id == t["ab_group_role"].c.group_id
    )
    pairs = union(own, grouped).subquery()
    counted = select(Role.name, func.count(pairs.c.user_id)).join(pairs, pairs.c.role_id == Role.id).group_by(Role.name)
    return {str(name): int(count) for name, count in db.session.execute(counted)}


@transactional
def make(
    *, actor: Any, names: Texts, descriptions: Texts, template: str = "", like: str = "", version: int | None = None
) -> str:
    """A new role in the draft and its key: `like` another one with its rules, or with the rights of a template."""
    names = _named(names)
    before = store.draft().document
    key = _free_key(names, before)
    start = copy.deepcopy(entry(like, before)) if like else documents.new_role(_rights_of(template))
    start |= {"label": dict(names), "description": _filled(descriptions)}
    if like == policy.ADMINISTRATOR:
        raise InvalidInput({"start": gettext("Administrators hold every right; a copy of that role would hold none.")})
    store.edit(lambda document: document["roles"].update({key: start}), actor=actor, version=version)
    return key


@transactional
def describe(
    key: str, *, actor: Any, names: Texts, descriptions: Texts, two_step: bool, reveals_a_day: int, version: int | None = None
) -> None:
    """What a role is called and for, whether it asks for two steps, how often it may reveal a day.

    Nothing written means: as the code says; a role of the house needs a name.
    """
    names = _filled(names) if key in policy.REGISTRY.roles else _named(names)

    def change(document: Document) -> None:
        said = {"two_step": two_step, "reveals_a_day": reveals_a_day}
        entry(key, document).update({"label": dict(names), "description": _filled(descriptions), **said})

    store.edit(change, actor=actor, version=version)


@transactional
def delete(key: str, *, actor: Any, version: int | None = None) -> None:
    """Take a role out of the draft.

    :raises DomainError: while people have it, and for the administrator
    """
    if key == policy.ADMINISTRATOR:
        raise DomainError(gettext("The role of the administrators cannot be deleted."))
    if count := holders().get(key, 0):
        name = label(key, store.draft().document)
        message = gettext("%(n)s people have the role %(role)s. Give them another one first.", n=count, role=name)
        raise DomainError(message)

    def change(document: Document) -> None:
        entry(key, document)
        del document["roles"][key]

    store.edit(change, actor=actor, version=version)


@transactional
def change_rights(key: str, wanted: Any, *, actor: Any, version: int | None = None) -> store.Draft:
    """:param wanted: from the rights of the role as they are to those that change"""
    _no_administrator(key)

    def change(document: Document) -> None:
        role = entry(key, document)
        matrix.put(role, wanted(role["rights"]))

    return store.edit(change, actor=actor, version=version)


@transactional
def put_rules(
    key: str, part: str, resource: str, said: Any, *, actor: Any, version: int | None = None
) -> store.Draft:
    """Write the row rules or the field rules (`part`) of a role on a resource; nothing said means no rule."""
    _no_administrator(key)

    def change(document: Document) -> None:
        rules = entry(key, document)[part]
        if said:
            rules[resource] = said
        else:
            rules.pop(resource, None)

    return store.edit(change, actor=actor, version=version)


def _no_administrator(key: str) -> None:
    if key == policy.ADMINISTRATOR:
        raise DomainError(gettext("Administrators hold every right, see every row and every field."))


def _rights_of(template: str) -> dict[str, Any]:
    if template and template not in templates():
        raise InvalidInput({"start": gettext("There is no such role.")})
    return policy.REGISTRY.grants.get(template, {})


def _filled(texts: Texts) -> dict[str, str]:
    return {language: " ".join(text.split()) for language, text in texts.items() if text and text.strip()}


def _named(names: Texts) -> dict[str, str]:
    found = _filled(names)
    if not found:
        raise InvalidInput({f"label_{documents.LANGUAGES[0]}": gettext("This is needed.")})
    return found


def _free_key(names: Texts, document: Document) -> str:
    """A short name for tables and files, from the English name; roles that were deleted leave their key to nobody."""
    taken = set(document["roles"]) | set(db.session.scalars(select(Role.name)))
    base = re.sub(r"[^a-z0-9]+", "_", names.get("en", "").lower()).strip("_")[:40] or "role"
    numbered = (f"{base}_{number}" for number in range(2, documents.MAX_ROLES + 3))
    return next(key for key in (base, *numbered) if key not in taken)
