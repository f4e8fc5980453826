"""Operations on many rows, declared once next to their domain: seen before they run, stopped, resumed and taken back."""

from app.panel.bulk.engine import expressions, generic
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.declaring import FollowUp, Look, Operation, Sum, follow_up, register
from app.panel.bulk.engine.rowbyrow import RowByRow, bring_back
from app.panel.bulk.engine.setbased import SetBased

__all__ = [
    "FollowUp", "Look", "Operation", "Piece", "RowByRow", "SetBased", "Sum", "bring_back", "expressions", "follow_up", "generic",
    "register",
]  # fmt: skip
