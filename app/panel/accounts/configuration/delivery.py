"""What comes with the code: the first configuration of an instance, and what a new version of the code adds to it."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from sqlalchemy import select

from app.panel.accounts import queries
from app.panel.accounts.configuration import document, store
from app.panel.accounts.configuration.document import Document
from app.panel.accounts.configuration.notes import ADDED, AS_DELIVERED
from app.panel.accounts.models import Publication
from app.panel.core import clock, policy, setup
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db

Rights = Mapping[str, dict[str, list[str]]]


@setup.then
def bring(new_resources: set[str]) -> None:
    """Publish what the code brings, confirmed: nobody is asked whether an update may come into force.

    The roles of an instance from before there were publications become its first one as they are.
    """
    store.forget()
    row, rights = store.locked(), _rights_of_roles()
    before = store.published()
    if store.holding()[0] is None:
        after, note = _with_roles(document.empty(), rights), AS_DELIVERED
    else:
        after, note = _added(before, rights, new_resources, _ever_known()), ADDED
    if after == before:
        return
    _put(after, note)
    if row.document is not None:  # what somebody is writing must not take the new rights away again
        wanted = _added(row.document, rights, new_resources, _ever_known())
        store.write(row, wanted, actor=SYSTEM, based_on=store.holding()[0])


def _put(after: Document, note: str) -> None:
    now = clock.now()
    db.session.add(
        Publication(
            document=after, digest=document.digest(after), note=note, published_at=now, confirmed_at=now,
            based_on_id=store.holding()[0],
        )
    )  # fmt: skip
    db.session.flush()
    store.forget()


def _rights_of_roles() -> Rights:
    """{role: {resource: verbs}} as the tables of roles have them; an administrator's are not counted."""
    found: dict[str, dict[str, list[str]]] = {}
    for role in queries.all_roles():
        held: dict[str, list[str]] = {}
        for verb, resource in queries.held_by_roles([role]) if role.name != policy.ADMINISTRATOR else ():
            held.setdefault(resource, []).append(verb)
        found[role.name] = held
    return found


def _with_roles(base: Document, rights: Rights) -> Document:
    after = copy.deepcopy(base)
    after["roles"].update({key: document.new_role(held) for key, held in rights.items()})
    return document.normal(after)


def _added(base: Document, rights: Rights, resources: set[str], known: set[str]) -> Document:
    """With the roles that the instance never had, and the default rights on resources that are new to it."""
    after = copy.deepcopy(base)
    fresh = set(policy.REGISTRY.roles) - known
    for key, held in rights.items():
        if key in fresh:
            after["roles"][key] = document.new_role(held)
        elif key in after["roles"]:
            new = {resource: verbs for resource, verbs in held.items() if resource in resources}
            after["roles"][key]["rights"].update(new)
    return document.normal(after)


def _ever_known() -> set[str]:
    """Roles that some publication had: one that an administrator has removed does not come back."""
    return {key for said in db.session.scalars(select(Publication.document)) for key in said["roles"]}
