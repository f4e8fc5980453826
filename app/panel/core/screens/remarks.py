"""What the part of a show page gets that holds notes and files."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import url_for

from app.panel.core import files, remarks
from app.panel.core.files import DOCUMENTS
from app.panel.core.screens.common import may


def remarks_part(view: Any, row: Any, actor: Any, args: Any) -> SimpleNamespace:
    may_add = may(view, "write")
    tickets = [] if not may_add else [*dict.fromkeys(args.getlist("held"))][: remarks.MAX_FILES]
    held = [(text, files.held(text, actor=actor, kinds=remarks.KINDS)) for text in tickets]
    return SimpleNamespace(
        rows=[_remark(view, row, one, actor, may_add) for one in remarks.of(row)],
        add_url=url_for("remarks.add", resource=view.resource, pk=row.id) if may_add else "",
        typed=(args.get("remark") or "")[:1000],
        held=[(text, file.name) for text, file in held if file is not None],
        removed_url=view.url("show", pk=row.id, removed=1) + "#remarks" if may_add and not args.get("removed") else "",
        removed=[_removed(view, row, entry) for entry in remarks.removed(row, actor)] if may_add and args.get("removed") else None,
        accept=",".join(sorted({mime for kind in remarks.KINDS for mime in files.KINDS[kind]})),
        max_files=remarks.MAX_FILES,
        max_mb=files.MAX_BYTES // 2**20,
    )


def _removed(view: Any, row: Any, entry: Any) -> SimpleNamespace:
    url = url_for("remarks.bring_back", resource=view.resource, pk=row.id, remark_id=entry.id)
    return SimpleNamespace(label=entry.label, by=entry.deleted_by, at=entry.deleted_at, url=url)


def _remark(view: Any, row: Any, remark: Any, actor: Any, may_add: bool) -> SimpleNamespace:
    file = remark.file
    can_go = may_add and remarks.may_remove(remark, actor)
    return SimpleNamespace(
        body=remark.body or "",
        author=remark.author,
        at=remark.created_at,
        name=file.name if file is not None else "",
        url=files.url(file) if file is not None else "",
        thumb=files.url(file, "thumb") if file is not None and file.is_image else "",
        is_pdf=file is not None and file.mime in DOCUMENTS,
        size=_size(file.size) if file is not None else "",
        remove_url=url_for("remarks.remove", resource=view.resource, pk=row.id, remark_id=remark.id) if can_go else "",
    )


def _size(number: int) -> str:
    return f"{number / 2**20:.1f} MB" if number >= 2**20 else f"{max(1, number // 1024)} kB"
