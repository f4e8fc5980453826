"""What decides how the frame of a list looks: all of its page but the rows, where they begin and how many there are.

Readers for whom all of this is the same get the frame that was drawn for the first of them. Whatever somebody adds to the
frame must follow from what the key names, or be added to the key.
"""

from __future__ import annotations

from collections.abc import Hashable
from types import SimpleNamespace
from typing import Any

from flask import request
from markupsafe import escape

from app.panel.core import fragments, listing, paging, policy, savedlists, shells
from app.panel.core.actor import KeyHolder, Preview, StandIn

LONGEST = 300  # letters of an address; a longer one is hardly asked for twice


def key_of(
    view: Any, asked: listing.Asked, plan: listing.Plan, found: listing.Found, actor: Any, kept: savedlists.Kept,
    shown: dict[str, int | None], offered: dict[str, Any],
) -> tuple[Hashable, ...] | None:  # fmt: skip
    """Under what the frame is kept; None where it is drawn for this page alone.

    :param plan: as the list was declared for this reader
    :param offered: what the quick filters offer him
    """
    names_rows = any(condition.spec.target is not None for condition in found.conditions)
    args = tuple((name, text) for name, text in request.args.items(multi=True) if name not in paging.NAMES)
    is_rare = asked.shape or "plain" in request.args or sum(len(text) for _name, text in args) > LONGEST
    if names_rows or is_rare or isinstance(actor, Preview | StandIn | KeyHolder):
        return None
    access = plan.access
    return (
        view.endpoint, args, bool(found.rows), found.total is None, repr(kept), tuple(shown.items()), tuple(offered.items()),
        plan.columns, plan.filterable, plan.sortable, plan.searchable, plan.default_sort, plan.unsaid,
        access.hidden, tuple(access.masks.items()), access.may_write, access.may_reveal, access.fixed,
        tuple((key, str(label)) for key, label in policy.shares_with(actor)),
        policy.is_administrator(actor) or policy.usable(actor),
    )  # fmt: skip


def list_html(view: Any, page: Any) -> str:
    """The page of a list: its rows, and what is said of them, in the frame that is kept for whoever gets the same."""
    urls, jump = page.urls, page.jump
    leads = tuple(bool(url) for url in (urls.first, urls.prev, urls.next, urls.last))
    key = (*page.key, "whole", page.size, leads, jump is not None) if page.key is not None and page.has_rows else None
    begins = jump.value if jump is not None else ""
    said = {"said": page.said, "at": page.as_of, "here": urls.self, "prev": urls.prev, "next": urls.next, "from": begins}
    holes = {"rows": page.body} | {name: escape(text) for name, text in said.items()}

    def marked() -> str:
        mark = fragments.mark
        page.body, page.said, page.as_of = mark("rows"), mark("said"), mark("at")
        page.urls = SimpleNamespace(**{**vars(urls), "prev": urls.prev and mark("prev"), "next": urls.next and mark("next")})
        page.jump = jump and SimpleNamespace(**{**vars(jump), "value": mark("from")})
        return draw()

    def draw() -> str:
        return str(view.page_of("panel/list.html", page=page))

    return shells.page(key, draw, marked, holes)
