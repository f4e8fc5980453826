"""Operations that call a service for each row: in chunks all the same, each row in a savepoint of its own."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, bindparam, cast, null, select, update
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.bulk import images, removal
from app.panel.bulk.engine import chunks, overtaken
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.declaring import Look, Operation
from app.panel.bulk.engine.selecting import ITEMS, still
from app.panel.bulk.engine.survey import Survey
from app.panel.bulk.importers import Image
from app.panel.bulk.states import Outcome
from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden
from app.panel.core.history import plain
from app.panel.core.rows import among
from app.panel.core.transaction import savepoint

log = logging.getLogger(__name__)
Said = dict[int, tuple[Outcome, str]]


class RowByRow(Operation):
    """An operation whose effect on a row is a service of its domain. `keeps`: columns whose values before are its image,
    `moves`: what the sums of money and of stock are called that it moves."""

    chunk = 200
    keeps: ClassVar[tuple[str, ...]] = ()
    moves: ClassVar[Mapping[str, Any]] = {"money": lazy_gettext("Money moved"), "stock": lazy_gettext("Stock moved")}

    def sum_labels(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return self.moves

    def prepare(self, rows: Sequence[Any], values: dict[str, Any], *, actor: Any) -> None:
        """Load what `look` and `apply` need of a chunk, in few statements."""

    def look(self, row: Any, values: dict[str, Any], *, actor: Any) -> Look:
        """What would become of a row; never writes."""
        return Look()

    def apply(self, row: Any, values: dict[str, Any], *, actor: Any) -> str | None:
        """Do it, by a service; what is to be said of the row, if anything.

        :raises DomainError: the row is refused with its sentence
        """
        self.apply_all([row], values, actor=actor)
        return None

    def apply_all(self, rows: Sequence[Any], values: dict[str, Any], *, actor: Any) -> None:
        """Do it to several rows by one service, where there is one. When it raises, `apply` is called for each."""
        raise NotImplementedError

    def kept(self, row: Any, values: dict[str, Any]) -> dict[str, Any]:
        """What is kept of a row before it changes."""
        return {name: plain(getattr(row, name)) for name in self.keeps}

    def apply_set(self, keys: Sequence[int], values: dict[str, Any], *, actor: Any) -> Sequence[int]:
        """Do it to those of these rows that ask for no look at each, by statements; their numbers. The others come row by row.

        What it raises refuses none of them: all come row by row then. An operation that has one says `image_of`.
        """
        return ()

    def image_of(self, values: dict[str, Any]) -> ColumnElement[Any]:
        """`kept` as an expression over the table."""
        raise NotImplementedError

    def take_set_back(self, images: Sequence[dict[str, Any]], *, actor: Any) -> None:
        """Undo rows that stand as the run left them, by statements. What it raises refuses none of them, as above."""
        raise NotImplementedError

    def take_back(self, row: Any, image: dict[str, Any], *, actor: Any) -> str:
        """Undo it for a row: "" when it is done, else why not. Without one of its own the kept columns get their old values."""
        told = Image(self.model.__tablename__, row.id, image, row.version)
        return removal.take_back([told], actor=actor, since=clock.now(), run_id=0)[0] if image else _("It cannot be taken back.")

    def take_all_back(self, rows: Sequence[Any], images: Sequence[dict[str, Any]], *, actor: Any) -> None:
        """Undo it for several rows by one service, where there is one. When it raises, `take_back` is called for each."""
        raise NotImplementedError

    def fetch(self, query: Select[Any]) -> Iterable[Any]:
        """The rows of a select of the model; an operation that needs but some figures of each reads only these.

        They have `id` and `version`, and the version is the present one after `apply`.
        """
        return db.session.scalars(query)

    def look_at(self, piece: Piece) -> dict[int, Look]:
        rows = self._rows(piece)
        self.prepare(list(rows.values()), piece.values, actor=piece.actor)
        return {seq: self._look(row, piece) for seq, row in rows.items()}

    def _look(self, row: Any, piece: Piece) -> Look:
        try:
            return self.look(row, piece.values, actor=piece.actor)
        except Forbidden:
            raise
        except DomainError as error:
            return Look(refused=str(error))

    def survey(self, piece: Piece) -> Survey:
        """Of the rows of one piece; whoever asks for all of them goes through the pieces."""
        found, looks = Survey(), self.look_at(piece)
        for look in looks.values():
            outcome = Outcome.REFUSED if look.refused else Outcome.SAME if look.same else Outcome.CHANGED
            found.count(outcome.value, look.refused)
            if outcome is Outcome.CHANGED:
                found.messages += look.messages
                for currency, amount in look.money.items():
                    found.sum("money", self.moves["money"], currency, None, amount)
                if look.stock:
                    found.sum("stock", self.moves["stock"], "", None, look.stock)
        if left := piece.high - piece.low + 1 - len(looks):
            found.count(Outcome.SKIPPED.value, chunks.unmatched(), left)
        return found

    def apply_chunk(self, piece: Piece) -> dict[str, int]:
        done = self._apply_set(piece)
        said: Said = dict.fromkeys(done, (Outcome.CHANGED, ""))
        rows = self._rows_left(piece, done)
        if len(done) <= piece.high - piece.low and (left := set(overtaken.known(piece).overtaken)):
            late = {seq for seq, row in rows.items() if row.id in left}
            said |= dict.fromkeys(late, (Outcome.REFUSED, overtaken.said()))
            rows = {seq: row for seq, row in rows.items() if seq not in late}
        self.prepare(list(rows.values()), piece.values, actor=piece.actor)
        before = {seq: self.kept(row, piece.values) for seq, row in rows.items()}
        told = self._apply_rows(rows, piece)
        changed = [seq for seq, (outcome, _why) in told.items() if outcome is Outcome.CHANGED]
        db.session.flush()
        images.keep(piece.run_id, [
            {"seq": seq, "before": before[seq], "version": rows[seq].version if self.by_version else None} for seq in changed
        ])  # fmt: skip
        return settle(piece, said | told, done)

    def _rows_left(self, piece: Piece, done: Collection[int]) -> dict[int, Any]:
        """The rows that no statement of a set has done, locked."""
        if len(done) == piece.high - piece.low + 1:
            return {}
        chunks.lock(piece)
        return self._rows(piece, done)

    def _apply_set(self, piece: Piece) -> list[int]:
        """The places of the rows that were done by statements; how these stood and what became of them is written as well."""
        if type(self).apply_set is RowByRow.apply_set:
            return []
        done: list[int] = []
        model: Any = self.model

        def work() -> None:
            # within the savepoint: PostgreSQL notes two holders of a row that is locked without it and changed in it
            chunks.lock(piece)
            meant = self._still_meant(piece)
            if left := overtaken.known(piece).overtaken:
                meant = meant.where(~among(model.id, left))
            keys = db.session.scalars(meant.with_only_columns(model.id).order_by(model.id)).all()
            done.extend(self.apply_set(keys, piece.values, actor=piece.actor))

        if not self._at_once(work) or not done:
            return []
        table = model.__table__
        version = table.c.version if self.by_version else cast(null(), table.c.version.type)
        mine = piece.items if len(done) == piece.high - piece.low + 1 else piece.items & among(ITEMS.c.row_id, done)
        stood = {
            "before": self.image_of(piece.values), "version": version, "outcome": Outcome.CHANGED.value, "reason": "",
        }  # fmt: skip
        written = update(ITEMS).where(mine, table.c.id == ITEMS.c.row_id).values(stood)
        return list(db.session.scalars(written.returning(ITEMS.c.seq)).all())

    def _apply_rows(self, rows: dict[int, Any], piece: Piece) -> Said:
        said: Said = {}
        for seq, row in rows.items():
            look = self._look(row, piece)
            if look.refused or look.same:
                said[seq] = (Outcome.REFUSED, look.refused) if look.refused else (Outcome.SAME, "")
        left = {seq: row for seq, row in rows.items() if seq not in said}
        if self._all_at_once(list(left.values()), piece):
            return said | dict.fromkeys(left, (Outcome.CHANGED, ""))
        return said | {seq: self._apply(row, piece) for seq, row in left.items()}

    def _all_at_once(self, rows: list[Any], piece: Piece) -> bool:
        """False when one of them is refused, or there is no such service: then each is tried by itself."""
        if not rows or type(self).apply_all is RowByRow.apply_all:
            return False
        return self._at_once(lambda: self.apply_all(rows, piece.values, actor=piece.actor))

    def _at_once(self, work: Callable[[], None]) -> bool:
        try:
            with savepoint():
                work()
                db.session.flush()
        except Forbidden:
            raise
        except DomainError:
            return False
        except (IntegrityError, DataError) as error:
            # nothing is lost, for each row is tried by itself; but it is slow, and most likely a fault of ours
            log.warning("%s: the database refused many rows at once (%s); they come one by one", self.key, _kind(error))
            return False
        return True

    def _apply(self, row: Any, piece: Piece) -> tuple[Outcome, str]:
        try:
            with savepoint():
                told = self.apply(row, piece.values, actor=piece.actor)
                db.session.flush()
        except Forbidden:
            raise
        except DomainError as error:
            return Outcome.REFUSED, str(error)
        except (IntegrityError, DataError):
            return Outcome.REFUSED, _("The database refused this row: it contradicts another one.")
        return Outcome.CHANGED, told or ""

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        stood = ITEMS.alias("stood")
        query = select(stood.c.row_id, stood.c.version, stood.c.before).where(
            images.changed_rows(piece.undoes, stood), stood.c.row_id.in_(piece.keys)
        )
        found = {image.row_id: image for image in db.session.execute(query).all()}
        said: Said = dict.fromkeys(self._take_set_back(found, piece), (Outcome.CHANGED, ""))
        rows = self._rows_left(piece, said)
        self.prepare(list(rows.values()), piece.values, actor=piece.actor)
        left = {}
        for seq, row in rows.items():
            image = found[row.id]
            if image.version is not None and image.version != row.version:
                said[seq] = (Outcome.REFUSED, _("It was changed since."))
            else:
                left[seq] = (row, image.before or {})
        if self._all_back_at_once(list(left.values()), piece):
            said |= dict.fromkeys(left, (Outcome.CHANGED, ""))
        else:
            said |= {seq: self._take_back(row, image, piece) for seq, (row, image) in left.items()}
        return settle(piece, said)

    def _take_set_back(self, found: Mapping[int, Any], piece: Piece) -> list[int]:
        """The places of the rows that were taken back by statements: those that nobody has changed since."""
        if type(self).take_set_back is RowByRow.take_set_back:
            return []
        model: Any = self.model
        query = self._still_meant(piece).with_only_columns(model.id, model.version).order_by(model.id)
        same: list[int] = []

        def work() -> None:
            chunks.lock(piece)  # within the savepoint, as above
            same.extend(key for key, version in db.session.execute(query).all() if found[key].version in (None, version))
            if same:
                self.take_set_back([found[key].before or {} for key in same], actor=piece.actor)

        if not self._at_once(work) or not same:
            return []
        return list(db.session.scalars(select(ITEMS.c.seq).where(piece.items, among(ITEMS.c.row_id, same))).all())

    def _all_back_at_once(self, left: list[tuple[Any, dict[str, Any]]], piece: Piece) -> bool:
        if not left or type(self).take_all_back is RowByRow.take_all_back:
            return False
        rows, images = [row for row, _image in left], [image for _row, image in left]
        return self._at_once(lambda: self.take_all_back(rows, images, actor=piece.actor))

    def _take_back(self, row: Any, image: dict[str, Any], piece: Piece) -> tuple[Outcome, str]:
        try:
            with savepoint():
                why = self.take_back(row, image, actor=piece.actor)
                db.session.flush()
        except Forbidden:
            raise
        except DomainError as error:
            why = str(error)
        return (Outcome.REFUSED, why) if why else (Outcome.CHANGED, "")

    def _rows(self, piece: Piece, done: Collection[int] = ()) -> dict[int, Any]:
        """The rows of a piece that are there and still meant, by `seq`, as they stand now; without those at `done` places."""
        items = select(ITEMS.c.seq, ITEMS.c.row_id).where(piece.items).order_by(ITEMS.c.seq)
        places = {seq: key for seq, key in db.session.execute(items) if seq not in done}
        query = self._still_meant(piece).execution_options(populate_existing=True)
        if done:
            model: Any = self.model
            query = query.where(among(model.id, list(places.values())))
        found = {row.id: row for row in self.fetch(query)}
        return {seq: found[key] for seq, key in places.items() if key in found}

    def _still_meant(self, piece: Piece) -> Select[Any]:
        model: Any = self.model
        query = select(model).where(model.id.in_(piece.keys))
        asked = policy.row_condition(piece.actor, model)
        if piece.undoes is None:
            asked = still(model, piece.selection, piece.actor, piece.keys)
        return query if asked is None else query.where(asked)


def bring_back(piece: Piece, back: Callable[[int, Any], str]) -> dict[str, int]:
    """Undo a piece of an operation whose rows are gone: `back(number, actor)` says why one does not come back."""
    said: Said = {}
    for seq, key in db.session.execute(select(ITEMS.c.seq, ITEMS.c.row_id).where(piece.items).order_by(ITEMS.c.seq)).all():
        try:
            with savepoint():
                why = back(key, piece.actor)
                db.session.flush()
        except Forbidden:
            raise
        except DomainError as error:
            why = str(error)
        said[seq] = (Outcome.REFUSED, why) if why else (Outcome.CHANGED, "")
    return settle(piece, said)


def _kind(error: IntegrityError | DataError) -> str:
    """What was refused, without the values of any row: these are nobody's to read in a log."""
    cause = error.orig
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return constraint or getattr(cause, "sqlite_errorname", None) or type(cause).__name__


def settle(piece: Piece, said: Said, written: Collection[int] = ()) -> dict[str, int]:
    """Write down what became of the rows; those that nobody spoke of are no longer there, or no longer meant.

    :param written: the places of those of which it is written already
    """
    gone = (Outcome.SKIPPED, chunks.gone() if piece.selection.is_plain else chunks.unmatched())
    ends = [said.get(seq, gone) for seq in range(piece.low, piece.high + 1)]
    counts = Counter(ends)
    if 2 * len(written) < len(ends):
        # most rows come to the same end: one statement for all, and one for those that do not
        usual = counts.most_common(1)[0][0]
        db.session.execute(update(ITEMS).where(piece.items).values(outcome=usual[0].value, reason=usual[1]))
        left = [place for place, end in enumerate(ends) if end != usual]
    else:
        left = sorted(set(range(len(ends))) - {seq - piece.low for seq in written})
    others = [{"at": piece.low + place, "now": ends[place][0].value, "why": ends[place][1]} for place in left]
    if others:
        mine = (ITEMS.c.run_id == piece.run_id) & (ITEMS.c.seq == bindparam("at"))
        statement = update(ITEMS).where(mine).values(outcome=bindparam("now"), reason=bindparam("why"))
        db.session.connection().execute(statement, others)
    found: Counter[str] = Counter()
    for (outcome, _why), rows in counts.items():
        found[outcome.value] += rows
    return dict(found)
