"""Operations that are SQL: a chunk is a handful of statements, whatever the number of its rows.

Outcomes, how each row stood, and the trail are written from the rows themselves, before these are changed: by UPDATE … FROM
and INSERT … SELECT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, func, literal, select, true

from app.panel.bulk.engine import chunks, expressions, overtaken, undoing
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.declaring import Look, Operation, Sum
from app.panel.bulk.engine.selecting import ITEMS, still
from app.panel.bulk.engine.survey import Survey
from app.panel.bulk.states import Outcome
from app.panel.core import sets, trailsets
from app.panel.core.db import db
from app.panel.core.rows import among

Refusals = Sequence[tuple[ColumnElement[bool], Any]]


class SetBased(Operation):
    """An operation that sets columns of each row to what SQL makes of them."""

    chunk, grows, in_one_view = 10_000, 4, True

    def refuse(self, values: dict[str, Any]) -> Refusals:
        """(condition, sentence) of rows that are left alone; the first that holds is told."""
        return ()

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        """{column: SQL expression or plain value}."""
        raise NotImplementedError

    def sums(self, values: dict[str, Any]) -> Mapping[str, Sum]:
        """Figures for the preview."""
        return {}

    def changed(self, ids: Select[Any], values: dict[str, Any], *, actor: Any) -> None:
        """Called with a query of the numbers of a chunk's rows, in its transaction, once they are changed or taken back: for
        what hangs on them."""

    def written(self, values: dict[str, Any]) -> Sequence[str]:
        return self.fields or tuple(self.assign(values))

    def pairs(self, values: dict[str, Any]) -> dict[Any, ColumnElement[Any]]:
        """{column: expression of its new value}."""
        columns = self.model.__table__.c
        return {columns[name]: expressions.value(columns[name], given) for name, given in self.assign(values).items()}

    def judged(self, piece: Piece, *, at_once: bool = False) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """(outcome, reason) of an item whose row is joined.

        :param at_once: of rows that others may have changed since the preview, nothing is said yet
        """
        table, pairs = self.model.__table__, self.pairs(piece.values)
        whens: list[tuple[Any, Outcome, Any]] = [(table.c.id.is_(None), Outcome.SKIPPED, chunks.gone())]
        if (asked := still(self.model, piece.selection, piece.actor, piece.keys)) is not None:
            whens.append((~asked, Outcome.SKIPPED, chunks.unmatched()))
        whens += [(condition, Outcome.REFUSED, sentence) for condition, sentence in self.refuse(piece.values)]
        if piece.overtaken:
            whens.append((among(table.c.id, piece.overtaken), Outcome.REFUSED, overtaken.said()))
        if at_once and (unknown := overtaken.may_be(piece)) is not None:
            whens.append((unknown, Outcome.TODO, ""))
        same = and_(true(), *(~expressions.differs(column, after) for column, after in pairs.items()))
        ends = [(when, outcome.value) for when, outcome, _said in whens]
        return (
            case(*ends, (same, Outcome.SAME.value), else_=Outcome.CHANGED.value),
            case(*((when, literal(str(said), Text)) for when, _outcome, said in whens), else_=literal("", Text)),
        )

    def sum_labels(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {name: one.label for name, one in self.sums(values).items()}

    def joined(self, piece: Piece, *columns: Any) -> Select[Any]:
        table = self.model.__table__
        rows = ITEMS.outerjoin(table, (table.c.id == ITEMS.c.row_id) & piece.near(table.c.id))
        return select(*columns).select_from(rows).where(piece.items)

    def survey(self, piece: Piece) -> Survey:
        """Of all rows that are meant, in one statement."""
        outcome, reason = self.judged(piece)
        sums = list(self.sums(piece.values).items())
        judged = self.joined(
            piece, outcome.label("outcome"), reason.label("reason"),
            *(part.label(f"{side}{place}") for place, (_name, one) in enumerate(sums)
              for side, part in (("before", one.before), ("after", one.after))),
            *((one.currency if one.currency is not None else literal("", Text)).label(f"currency{place}")
              for place, (_name, one) in enumerate(sums)),
        ).subquery("judged")  # fmt: skip
        by = [judged.c.outcome, judged.c.reason, *(judged.c[f"currency{place}"] for place in range(len(sums)))]
        totals = [func.sum(judged.c[f"{side}{place}"]) for place in range(len(sums)) for side in ("before", "after")]
        found = Survey()
        for row in db.session.execute(select(*by, func.count(), *totals).group_by(*by)):
            found.count(row[0], row[1], row[len(by)])
            for place, (name, one) in enumerate(sums):
                if row[0] == Outcome.CHANGED.value:
                    before, after = row[len(by) + 1 + 2 * place : len(by) + 3 + 2 * place]
                    found.sum(name, one.label, row[2 + place] or "", before or 0, after or 0)
        return found

    def look_at(self, piece: Piece) -> dict[int, Look]:
        pairs = self.pairs(piece.values)
        outcome, reason = self.judged(piece)
        before = [column.label(f"before_{place}") for place, column in enumerate(pairs)]
        after = [expression.label(f"after_{place}") for place, expression in enumerate(pairs.values())]
        query = self.joined(piece, ITEMS.c.seq, outcome.label("outcome"), reason.label("reason"), *before, *after)
        names, looks = [column.key for column in pairs], {}
        for row in db.session.execute(query.order_by(ITEMS.c.seq)):
            if row.outcome != Outcome.SKIPPED.value:
                was, becomes = row[3 : 3 + len(names)], row[3 + len(names) :]
                looks[row.seq] = Look(
                    row.reason, row.outcome == Outcome.SAME.value, dict(zip(names, was, strict=True)),
                    dict(zip(names, becomes, strict=True)),
                )  # fmt: skip
        return looks

    def apply_chunk(self, piece: Piece) -> dict[str, int]:
        chunks.lock(piece)
        pairs, table = self.pairs(piece.values), self.model.__table__
        stood = {"before": expressions.before_image(pairs), "version": table.c.version + 1}
        is_alone = still(self.model, piece.selection, piece.actor, piece.keys) is None  # are no other tables asked?
        with chunks.side_by_side(piece) if is_alone else nullcontext(piece) as piece:
            its_row, known = (table.c.id == ITEMS.c.row_id) & piece.near(table.c.id), 0
            # of other rows PostgreSQL takes few to fulfil such a condition, and would look for them first
            if piece.ends is not None or not sets.is_postgresql():
                outcome, _reason = self.judged(piece, at_once=True)
                write = chunks.change_each if is_alone and not sets.is_postgresql() else chunks.change
                known = write(piece, its_row, outcome == Outcome.CHANGED.value, **stood)
            others = self._others(piece) if known < piece.size else ()  # most often all change, and that is said at once
            counts = chunks.tell(piece, others, its_row, ITEMS.c.outcome == Outcome.TODO.value, known=known, **stood)
        if changed := counts[Outcome.CHANGED.value]:
            piece = piece if others else chunks.spanned(piece)
            told, ids = select(table.c.id, expressions.differences(pairs)), changing(piece)
            if piece.span is None:
                rows = ITEMS.join(table, table.c.id == ITEMS.c.row_id)
                told = told.select_from(rows).where(piece.with_outcome(Outcome.CHANGED)).order_by(ITEMS.c.seq)
            else:
                told = told.where(table.c.id.between(*piece.span)).order_by(table.c.id)
            trailsets.record_selected(self.model, told, verb="update", actor=piece.actor, in_order=True, span=piece.whole)
            after = {column.key: value for column, value in pairs.items()}
            sets.change(table, after, sets.one_of(table.c.id, ids), actor=piece.actor, count=changed)
            chunks.feed(piece, ids)
            self.changed(ids, piece.values, actor=piece.actor)
        return counts

    def _others(self, piece: Piece) -> Sequence[Any]:
        """(item, outcome, reason) of the rows that do not change, of those of which nothing is said yet. Who else has changed rows
        since the preview is asked only where some have changed at all."""
        found = self._judge(piece, at_once=True)
        if any(row.outcome == Outcome.TODO.value for row in found):
            found = self._judge(overtaken.known(piece))
        return found

    def _judge(self, piece: Piece, *, at_once: bool = False) -> Sequence[Any]:
        outcome, reason = self.judged(piece, at_once=at_once)
        judged = self.joined(piece, ITEMS.c.seq, outcome.label("outcome"), reason.label("reason"))
        judged = judged.where(ITEMS.c.outcome == Outcome.TODO.value).subquery("judged")
        return db.session.execute(select(judged).where(judged.c.outcome != Outcome.CHANGED.value)).all()

    def undo_chunk(self, piece: Piece) -> dict[str, int]:
        """Old values back where nobody has written since; the others are listed."""
        chunks.lock(piece)
        with chunks.side_by_side(piece) as piece:
            counts = undoing.judge(self, piece)
            if changed := counts[Outcome.CHANGED.value]:
                piece = chunks.spanned(piece) if changed == piece.size else piece
                undoing.restore(self, piece, changed)
        if changed:
            undoing.follow(self, piece)
            self.changed(changing(piece), piece.values, actor=piece.actor)
        return counts


def changing(piece: Piece) -> Select[Any]:
    """The numbers of the rows of a piece that change."""
    if piece.span is None:
        return select(ITEMS.c.row_id).where(piece.with_outcome(Outcome.CHANGED))
    key = piece.operation.model.__table__.c.id
    return select(key).where(key.between(*piece.span))
