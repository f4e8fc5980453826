"""Stock out of files: opening stock where a SKU has no journal yet, else the booked difference; and all of it back.

Every line is called `import:<run>:<SKU>`, so that nothing is booked twice and an undo finds what it books back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from app.panel.core import changes, policy
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockLevel, StockMove, StockReservation
from app.shop.inventory.services.bulk import PastMove, post_many
from app.shop.inventory.services.ledger import lock
from app.shop.inventory.states import MoveReason

RESOURCE = "inventory.StockLevel"
PIECE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What a number of a file would do to a SKU in a warehouse: `before` pieces in the books, `quantity` more or fewer."""

    before: int
    quantity: int
    reason: MoveReason
    refusal: str = ""


def may_take_over(actor: Any) -> bool:
    """Numbers of a file both bring goods in and correct them."""
    return policy.allowed(actor, "receive", RESOURCE) and policy.allowed(actor, "adjust", RESOURCE)


def compare(amounts: Mapping[int, int], warehouse_id: int, *, only_news: bool, actor: Any) -> dict[int, Change]:
    """By SKU, what the numbers of a file would change.

    :param only_news: pass over numbers that the last file said already: what was sold since then stays sold
    """
    found: dict[int, Change] = {}
    sees = policy.fields(actor, RESOURCE).usable("reserved")
    for part in _pieces(sorted(amounts)):
        here = (StockLevel.warehouse_id == warehouse_id, StockLevel.sku_id.in_(part))
        rows = db.session.execute(select(StockLevel.sku_id, StockLevel.on_hand, StockLevel.reserved).where(*here))
        levels = {sku_id: (on_hand, reserved) for sku_id, on_hand, reserved in rows}
        moves = (StockMove.warehouse_id == warehouse_id, StockMove.sku_id.in_(part))
        known = set(db.session.scalars(select(StockMove.sku_id).where(*moves).distinct()))
        said = _said(moves) if only_news else {}
        for sku_id in part:
            (on_hand, reserved), wanted = levels.get(sku_id, (0, 0)), amounts[sku_id]
            if wanted == on_hand or said.get(sku_id) == wanted:
                continue
            reason = MoveReason.COUNT if sku_id in known else MoveReason.OPENING
            found[sku_id] = Change(on_hand, wanted - on_hand, reason, "" if wanted >= reserved else _held(reserved, sees))
    return found


def _held(reserved: int, sees: bool) -> str:
    if not sees:
        return _("Orders hold more pieces of it: its stock cannot go below.")
    return _("Orders hold %(n)s pieces of it: its stock cannot go below.", n=reserved)


def _said(moves: tuple[Any, ...]) -> dict[int, int]:
    """What the last file has said of each SKU."""
    lines = select(StockMove.sku_id, StockMove.balance).where(*moves, StockMove.key.startswith("import:"))
    return dict(db.session.execute(lines.order_by(StockMove.id)).tuples().all())


@transactional
def take_over(
    amounts: Mapping[int, int], *, warehouse_id: int, run_id: int, actor: Any, only_news: bool = False, note: str = ""
) -> dict[int, int]:
    """Bring SKUs of a warehouse to the numbers of a file; by SKU the line of the journal that says so.

    :raises OutOfStock: when orders hold more than a number leaves
    """
    policy.authorize(actor, "receive", RESOURCE)
    policy.authorize(actor, "adjust", RESOURCE)
    changed = compare(amounts, warehouse_id, only_news=only_news, actor=actor)
    moves = [
        PastMove(sku_id, change.quantity, change.reason, _key(run_id, sku_id), warehouse_id, note=note or None)
        for sku_id, change in changed.items()
    ]
    post_many(moves, actor=actor)
    lines: dict[int, int] = {}
    for part in _pieces([move.key for move in moves]):
        query = select(StockMove.sku_id, StockMove.id).where(StockMove.key.in_(part), StockMove.warehouse_id == warehouse_id)
        lines.update(db.session.execute(query).tuples().all())
    return lines


def _key(run_id: int, sku_id: int) -> str:
    return f"import:{run_id}:{sku_id}"


@transactional
def book_back(move_ids: Sequence[int], *, actor: Any) -> dict[int, str]:
    """Book lines of the journal back by contrary ones; by line the sentence why it was left, "" for done."""
    moves = [move for part in _pieces(move_ids) for move in db.session.scalars(select(StockMove).where(StockMove.id.in_(part)))]
    levels = lock(sorted({(move.warehouse_id, move.sku_id) for move in moves})) if moves else {}
    left = {place: level.on_hand - level.reserved for place, level in levels.items()}
    said = dict.fromkeys(move_ids, "")
    back = []
    for move in sorted(moves, key=lambda move: -move.id):
        place = move.warehouse_id, move.sku_id
        if left[place] < move.quantity:
            said[move.id] = _("Goods of it were sold or are held by orders.")
            continue
        left[place] -= move.quantity
        back.append(PastMove(move.sku_id, -move.quantity, move.reason, f"{move.key}:undo", move.warehouse_id))
    post_many(back, actor=actor)
    return said


@transactional
def forget(sku_ids: Iterable[int], run_id: int) -> None:
    """Empty levels and journals of SKUs that are about to be removed by the undo of the run that made them.

    Only where nothing but that run and its undo was ever booked: any other line keeps journal, level and SKU.
    """
    for part in _pieces(sku_ids):
        ours = StockMove.key.startswith(f"import:{run_id}:")
        others = select(StockMove.sku_id).where(StockMove.sku_id.in_(part), ~ours)
        held = select(StockReservation.sku_id).where(StockReservation.sku_id.in_(part))
        filled = select(StockLevel.sku_id).where(StockLevel.sku_id.in_(part))
        filled = filled.group_by(StockLevel.sku_id).having(func.sum(StockLevel.on_hand) > 0)
        kept = set(db.session.scalars(others.union(held, filled)))
        gone = [sku_id for sku_id in part if sku_id not in kept]
        levels = list(db.session.scalars(select(StockLevel.id).where(StockLevel.sku_id.in_(gone))))
        for model in (StockMove, StockLevel):
            statement = delete(model).where(model.sku_id.in_(gone)).execution_options(synchronize_session=False)
            db.session.execute(statement)
        changes.record(StockLevel, levels, "delete")


def _pieces(items: Iterable[Any]) -> Iterator[list[Any]]:
    everything = list(items)
    for start in range(0, len(everything), PIECE):
        yield everything[start : start + PIECE]
