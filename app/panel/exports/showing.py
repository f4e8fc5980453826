"""What the templates of exports get: plain objects, so that they only draw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext, ngettext

from app.panel.bulk.models import Run
from app.panel.bulk.states import FINISHED
from app.panel.core import listing, listtotals
from app.panel.exports import columns as choosing
from app.panel.exports import services
from app.panel.exports.templates import Offer

KINDS = [
    ("xlsx", "fa-file-excel", lazy_gettext("Excel"), lazy_gettext("Numbers and times are what they are; filters are set.")),
    ("csv", "fa-file-csv", lazy_gettext("CSV (UTF-8)"), lazy_gettext("For other programs; Excel reads it too.")),
    ("gb18030", "fa-file-csv", lazy_gettext("CSV (GB18030)"), lazy_gettext("For older Chinese programs.")),
]  # fmt: skip


def groups(view: Any, plan: Any, names: list[str]) -> SimpleNamespace:
    """The chosen columns in their order, and what else there is, by what it belongs to."""
    found = choosing.choosable(view, plan)
    known = {column.name: (column, at) for at, group in enumerate(found) for column in group.columns}
    chosen = [SimpleNamespace(name=name, label=known[name][0].label, group=known[name][1]) for name in names if name in known]
    others = [
        SimpleNamespace(
            at=at, label=group.label, size=len(group.columns),
            columns=[SimpleNamespace(name=one.name, label=one.label, group=at) for one in group.columns if one.name not in names],
        )
        for at, group in enumerate(found)
    ]  # fmt: skip
    return SimpleNamespace(chosen=chosen, others=others)


def count_said(asked: listing.Asked, plan: listing.Plan, actor: Any, ticked: list[int]) -> str:
    """How many rows there will be."""
    if ticked:
        return str(ngettext("%(num)s ticked row", "%(num)s ticked rows", len(ticked)))
    return str(listtotals.count(asked, plan, actor))


def offered(kept: list[Offer], used: Offer | None, list_key: str, state: dict[str, str]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            name=one.name, is_used=used is not None and one.id == used.id, is_mine=one.is_mine, is_shared=one.is_shared, id=one.id,
            url=url_for("exports_export.choose", list_key=list_key, template=one.id, **state),
            delete_url=url_for("exports_export.forget", template_id=one.id) if one.is_mine else "",
        )
        for one in kept
    ]  # fmt: skip


def line(run: Run) -> SimpleNamespace:
    """One export of the list of exports."""
    until = services.expires_at(run)
    return SimpleNamespace(
        id=run.id, name=run.file_name, state=run.state, rows=run.rows, read=run.read, percent=run.percent,
        size=_size(run.file_size), at=run.created_at, until=until, is_over=run.state in FINISHED, error=run.error or "",
        url=url_for("exports_export.show", run_id=run.id),
        file_url=url_for("exports_export.file", signed=services.signed(run)) if until is not None else "",
    )  # fmt: skip


def _size(size: int) -> str:
    if not size:
        return ""
    return f"{max(1, size // 1024)} KB" if size < 2**20 else f"{size / 2**20:.1f} MB"
