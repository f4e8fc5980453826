"""Operations on many rows, declared once next to their domain: seen before they run, stopped, resumed and taken back."""

from app.panel.bulk.engine import generic
from app.panel.bulk.engine.declaring import Look, Operation, Sum, register
from app.panel.bulk.engine.rowbyrow import RowByRow
from app.panel.bulk.engine.setbased import SetBased

__all__ = ["Look", "Operation", "RowByRow", "SetBased", "Sum", "generic", "register"]
