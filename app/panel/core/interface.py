"""FAB's data interface, held to the policy: whoever fetches a row through it gets his own rows or none."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.filters import Filters
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import select

from app.panel.core import filters as tree
from app.panel.core import policy, records
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import NotFound


class PanelInterface(SQLAInterface):
    """The rows of one model, through row rules. Even code of FAB that asks without filters gets no foreign row."""

    def __init__(self, obj: type[Any], session: Any = None) -> None:
        super().__init__(obj, session or db.session)

    def get(self, id: Any, filters: Filters | None = None, select_columns: Any = None) -> Any:
        """The row of this id among the actor's rows, or None."""
        try:
            row = records.get_many(self.obj, [id], actor=current_actor())[0]
        except NotFound:
            return None
        if filters is None or not filters.values:
            return row
        return self.apply_filters(db.session.query(self.obj).filter(self.obj.id == row.id), filters).one_or_none()

    def query(
        self,
        filters: Filters | None = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        select_columns: Any = None,
        outer_default_load: bool = False,
    ) -> tuple[int, list[Any]]:
        """Count and rows of the first page, of at most 500, within the actor's rows; later ones are asked by key.

        :raises NotImplementedError: for a later page, which would be reached by counting off all rows before it
        """
        if page:
            raise NotImplementedError("pages after the first are asked by key: core.listing.find")
        query = self.apply_filters(db.session.query(self.obj), filters)
        condition = policy.row_condition(current_actor(), self.obj)
        if condition is not None:
            query = query.filter(condition)
        counted = select(self.obj) if query.whereclause is None else select(self.obj).where(query.whereclause)
        count = db.session.scalar(tree.count_up_to(counted, 10_001))
        if order_column and order_column in self.list_columns:
            column = getattr(self.obj, order_column)
            query = query.order_by(column.desc() if order_direction == "desc" else column.asc())
        size = min(max(int(page_size or 25), 1), 500)
        return int(count or 0), query.order_by(self.obj.id).limit(size).all()

    def add(self, item: Any, commit: bool = True) -> None:
        raise RuntimeError("rows are written by core.records, inside a transaction")

    def edit(self, item: Any, commit: bool = True) -> None:
        raise RuntimeError("rows are written by core.records, inside a transaction")

    def delete(self, item: Any, commit: bool = True) -> None:
        records.delete(item, actor=current_actor())

    def delete_all(self, items: list[Any]) -> None:
        for item in items:
            records.delete(item, actor=current_actor())
