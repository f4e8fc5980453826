"""Notes and files on any row: whoever may read the row reads them, whoever may change it adds to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Index, delete, func, select

from app.panel.core import files, policy, records, trash
from app.panel.core.actor import owns
from app.panel.core.columns import file_ref, integer, longtext, relation, text
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.fields import resource_of
from app.panel.core.transaction import transactional
from app.panel.core.trash import TrashEntry

KINDS = ("image", "document", "table")
MAX_FILES, MAX_ON_ROW, LONGEST = 10, 500, 5000


class Remark(PanelModel):
    """A note on a row of any table, with a file or without. It is kept by table and number, so that it waits in place
    while its row lies in the trash."""

    __tablename__ = "core_remark"
    __resource__ = "core.Remark"
    __table_args__ = (Index("ix_core_remark_row", "table", "key"),)

    table = text("Table", 80, required=True, hidden=True)
    key = integer("Key", required=True, hidden=True)
    body = longtext(lazy_gettext("Note"))
    author = text(lazy_gettext("Who"), 64, default="", readonly=True)
    file_id = file_ref(lazy_gettext("File"), kinds=KINDS)
    file = relation("File", file_id)

    def __str__(self) -> str:
        return str(self.body or (self.file.name if self.file is not None else ""))[:80]


def of(row: Any) -> list[Remark]:
    """What was noted and put on a row, latest first; to be asked by whoever may read it."""
    query = select(Remark).where(Remark.table == row.__tablename__, Remark.key == row.id)
    return list(db.session.scalars(query.order_by(Remark.id.desc()).limit(MAX_ON_ROW)))


@transactional
def add(
    row: Any, body: str, received: Iterable[files.Received], *, actor: Any, held: Iterable[files.File] = ()
) -> list[Remark]:
    """A note, and each file as a remark of its own; the note stands with the first of them.

    :param held: files that were received with a form that was refused

    :raises Forbidden: when the actor may not change such a row
    :raises InvalidInput: for nothing at all, or too much
    """
    policy.authorize(actor, "write", resource_of(type(row)))
    body, given, known = body.replace("\x00", "").strip(), list(received), [file.id for file in held]
    if not body and not given and not known:
        raise InvalidInput({"body": _("Write something or choose a file.")})
    if len(body) > LONGEST:
        raise InvalidInput({"body": _("At most %(max)s characters, these are %(n)s.", max=LONGEST, n=len(body))})
    here = select(func.count()).select_from(Remark).where(Remark.table == row.__tablename__, Remark.key == row.id)
    if int(db.session.scalar(here) or 0) + max(1, len(given) + len(known)) > MAX_ON_ROW:
        raise DomainError(_("There are too many notes and files on this already."))
    kept = known + [files.keep(one, actor=actor).id for one in given]
    made = [
        Remark(
            table=row.__tablename__, key=row.id, body=body if number == 0 else None, file_id=file_id,
            author=str(actor.username)[:64],
        )
        for number, file_id in enumerate(kept or [None])
    ]  # fmt: skip
    db.session.add_all(made)
    db.session.flush()
    return made


@transactional
def remove(row: Any, number: int, *, actor: Any) -> None:
    """Move a remark to the trash: its writer may, and an administrator.

    :raises NotFound: when it is none of this row
    :raises Forbidden: when it is somebody else's
    """
    policy.authorize(actor, "write", resource_of(type(row)))
    found = db.session.get(Remark, number)
    if found is None or found.table != row.__tablename__ or found.key != row.id:
        raise NotFound(_("There is nothing here."))
    if not may_remove(found, actor):
        raise Forbidden(_("Only who wrote it can remove it."))
    trash.put(found, actor=actor)


def removed(row: Any, actor: Any) -> list[TrashEntry]:
    """What was taken off a row and this actor may bring back: what he removed himself, an administrator all of it."""
    place = TrashEntry.rows[0][1]
    query = select(TrashEntry).where(
        TrashEntry.resource == Remark.__resource__, place["table"].as_string() == row.__tablename__,
        place["key"].as_integer() == row.id,
    )  # fmt: skip
    if not policy.is_administrator(actor):
        query = query.where(TrashEntry.deleted_by_id == actor.id)
    return list(db.session.scalars(query.order_by(TrashEntry.id.desc()).limit(MAX_ON_ROW)))


@transactional
def bring_back(row: Any, entry_id: int, *, actor: Any) -> None:
    """Put a remark that was removed where it was.

    :raises NotFound: when it is none of this row, or none that this actor may bring back
    """
    policy.authorize(actor, "write", resource_of(type(row)))
    entry = next((entry for entry in removed(row, actor) if entry.id == entry_id), None)
    if entry is None:
        raise NotFound(_("This is no longer in the trash."))
    trash.put_back(entry, actor=actor)


def may_remove(remark: Remark, actor: Any) -> bool:
    return policy.is_administrator(actor) or owns(actor, remark.created_by_id)


@trash.when_gone
@transactional
def forget(table: str, key: int) -> set[tuple[str, int]]:
    """Delete for good what stands on a row whose person is to be forgotten, and the files of it, also what lies in the trash.

    :returns: (table, number) of all that the trail and the trash may still tell of
    """
    here = select(Remark.id, Remark.file_id).where(Remark.table == table, Remark.key == key)
    mine = [(number, file_id) for number, file_id in db.session.execute(here)]
    for entry in db.session.scalars(select(TrashEntry).where(TrashEntry.table == Remark.__tablename__)):
        values = dict(entry.rows[0][1])
        if (values["table"], values["key"]) == (table, key):
            mine.append((entry.key, values["file_id"]))
    db.session.execute(delete(Remark).where(Remark.id.in_([number for number, _file_id in mine])))
    given = [file_id for _number, file_id in mine if file_id is not None]
    files.forget_unused(among=given)
    return {(Remark.__tablename__, number) for number, _file_id in mine} | {(files.File.__tablename__, number) for number in given}


@files.readable_by
def _on_a_readable_row(actor: Any, file: files.File) -> bool:
    for remark in db.session.scalars(select(Remark).where(Remark.file_id == file.id)):
        model = next((m for m in current_app.extensions["panel_models"].values() if m.__tablename__ == remark.table), None)
        if model is None:
            continue
        try:
            records.get(model, remark.key, actor=actor)
        except DomainError:
            continue
        return True
    return False
