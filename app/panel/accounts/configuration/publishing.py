"""Puts a configuration in force, and takes it back: by hand, or by itself when nobody confirms it in time.

Somebody who locks himself out cannot confirm: after a minute everything is as it was.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.accounts.configuration import ceiling, document, roles, store, widening
from app.panel.accounts.configuration.differences import Change, differences, sentences
from app.panel.accounts.configuration.document import Document
from app.panel.accounts.configuration.exchange import from_yaml, to_yaml
from app.panel.accounts.configuration.notes import NOT_CONFIRMED
from app.panel.accounts.models import Publication
from app.panel.core import clock, history, policy, setup, twopeople
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.transaction import transactional

CONFIRM_SECONDS = 60
MAX_NOTE = 500


@transactional
def publish(*, note: str, actor: Any, version: int | None = None, confirmed: bool = False) -> Publication:
    """Put the draft in force, until it is confirmed only for a minute.

    :param version: the version of the draft whose changes the person has read
    :param confirmed: for the command line, which nobody can lock himself out of
    :raises Conflict: when the draft was changed since, or another publication waits to be confirmed
    :raises DomainError: when there is nothing to publish
    :raises AnotherPersonNeeded: when it gives anybody more and a second person has to confirm that
    """
    policy.authorize(actor, "publish", store.RESOURCE)
    row = store.locked()
    if version is not None and version != row.version:
        raise Conflict(_("Somebody else changed this in the meantime."))
    if row.document is None:
        raise DomainError(_("There is nothing to publish."))
    made = _put(row.document, note, actor, confirmed, draft=row.version)
    store.write(row, None, actor=actor, based_on=None)
    return made


@transactional
def restore(publication_id: int, *, note: str, actor: Any) -> Publication:
    """Publish once more what an earlier publication said. It has to be confirmed as any other."""
    policy.authorize(actor, "publish", store.RESOURCE)
    store.locked()
    return _put(get(publication_id).document, note, actor, False)


@transactional
def put(wanted: Document, note: str, *, actor: Any) -> Publication:
    """Put in force what another one asked for. Whoever confirmed that is asked whether he still gets in: he is here now."""
    policy.authorize(actor, "publish", store.RESOURCE)
    return _put(wanted, note, actor, False)


@transactional
def confirm(publication_id: int, *, actor: Any) -> None:
    """Keep a publication for good. Whoever published it is asked, for he is to show that he still gets in.

    :raises Forbidden: for anybody else
    :raises Conflict: when it was rolled back already
    """
    policy.authorize(actor, "publish", store.RESOURCE)
    store.locked()
    found = get(publication_id)
    if found.confirmed_at is None and found.published_by_id != actor.id:
        raise Forbidden(_("Only who published it can keep it."))
    if found.rolled_back_at is not None or store.is_overdue(found):
        raise Conflict(_("It was rolled back already."))
    if found.confirmed_at is None:
        found.confirmed_at = clock.now()
        history.record(found, "configuration.confirmed", actor=actor)
        db.session.flush()
        store.forget()


@transactional
def roll_back(publication_id: int, *, actor: Any, why: str) -> None:
    """Take back what waits to be confirmed: what held before holds again, and what was taken back is the draft.

    :raises Conflict: when another one is in force, or it was confirmed: then going back is a publication of its own
    :raises Forbidden: when another one published it and what held before gives more than the actor holds
    """
    policy.authorize(actor, "publish", store.RESOURCE)
    row = store.locked()
    store.forget()
    found = get(publication_id)
    if found.rolled_back_at is not None:
        raise Conflict(_("It was rolled back already."))
    earlier = _before(found)
    if earlier is None or db.session.execute(_latest()).scalar() != found.id:
        raise Conflict(_("This is not what is in force. Choose an older publication to go back to it."))
    if found.confirmed_at is not None:
        raise Conflict(_("It was confirmed. Choose an older publication to go back to it."))
    if found.published_by_id != actor.id:
        ceiling.hold(found.document, earlier.document, actor)
    found.rolled_back_at, found.rolled_back_why = clock.now(), why[:MAX_NOTE]
    roles.apply(found.document, earlier.document, forced=True)
    db.session.flush()
    store.forget()
    history.record(found, "configuration.rolled_back", actor=actor, why=why)
    if row.document is None:  # whoever published it can mend it and try again
        store.write(row, found.document, actor=actor, based_on=earlier.id)


def roll_back_overdue() -> int | None:
    """Take back what nobody confirmed in time; its id, or None when there is nothing to do."""
    found = overdue()
    return _roll_back(found.id) if found is not None else None


@transactional
def _roll_back(publication_id: int) -> int | None:
    store.locked()
    found = overdue()  # asked again behind the lock: it may have been confirmed a moment ago
    if found is None or found.id != publication_id:
        return None
    roll_back(found.id, actor=SYSTEM, why=NOT_CONFIRMED)
    return publication_id


store.when_overdue(roll_back_overdue)


def waiting() -> Publication | None:
    """The publication that waits to be confirmed, whether in time or not."""
    query = select(Publication).where(Publication.rolled_back_at.is_(None), Publication.confirmed_at.is_(None))
    return db.session.scalars(query.order_by(Publication.id.desc()).limit(1).execution_options(populate_existing=True)).first()


def overdue() -> Publication | None:
    found = waiting()
    return found if found is not None and store.is_overdue(found) else None


def get(publication_id: int) -> Publication:
    """:raises NotFound: when there is no such publication"""
    found = db.session.get(Publication, publication_id)
    if found is None:
        raise NotFound(_("There is nothing here."))
    return found


def trail(limit: int = 50, before: int | None = None) -> list[Publication]:
    """The publications, the latest first."""
    query = select(Publication).order_by(Publication.id.desc()).limit(limit)
    return list(db.session.scalars(query.where(Publication.id < before) if before else query))


def previous(publication: Publication) -> Document:
    """What held before a publication."""
    earlier = db.session.get(Publication, publication.based_on_id) if publication.based_on_id else None
    return earlier.document if earlier is not None else document.empty()


def _put(wanted: Document, note: str, actor: Any, confirmed: bool, draft: int | None = None) -> Publication:
    store.forget()
    if (other := waiting()) is not None:
        raise Conflict(_("Changes that %(name)s published wait to be confirmed.", name=str(other.published_by or "")))
    before = store.published()
    if wanted == before:
        raise DomainError(_("There is nothing to publish."))
    note = note.strip()
    if not note or len(note) > MAX_NOTE:
        raise InvalidInput({"note": _("Say in a sentence what this is for.")})
    document.check(wanted, before, setup.every_right)
    ceiling.hold(before, wanted, actor)
    if widening.widens(before, wanted):
        what = {"document": wanted, "note": note, "base": store.holding()[0], "draft": draft}
        twopeople.ask("publication", what, about="configuration", actor=actor)
    now = clock.now()
    made = Publication(
        document=wanted, digest=document.digest(wanted), note=note, published_by_id=actor.id, published_at=now,
        confirm_by=now + dt.timedelta(seconds=CONFIRM_SECONDS), confirmed_at=now if confirmed else None,
        based_on_id=store.holding()[0], asked_by=twopeople.asker(),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    roles.apply(before, wanted)
    store.forget()
    told = sentences(differences(before, wanted))
    if made.asked_by:
        told.insert(0, _("Asked for by %(name)s", name=made.asked_by))
    history.record(made, "configuration.published", actor=actor, why=note, data={"changes": told[:100]})
    return made


def _latest() -> Any:
    return select(Publication.id).where(Publication.rolled_back_at.is_(None)).order_by(Publication.id.desc()).limit(1)


def _before(publication: Publication) -> Publication | None:
    query = select(Publication).where(Publication.id < publication.id, Publication.rolled_back_at.is_(None))
    return db.session.scalars(query.order_by(Publication.id.desc()).limit(1)).first()


__all__ = [
    "CONFIRM_SECONDS", "Change", "confirm", "differences", "from_yaml", "get", "overdue", "previous", "publish", "put", "restore",
    "roll_back", "roll_back_overdue", "to_yaml", "trail", "waiting",
]  # fmt: skip
