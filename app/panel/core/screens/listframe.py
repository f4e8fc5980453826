"""What decides how the frame of a list looks: all of its page but the rows, where they begin and how many there are.

Readers for whom all of this is the same get the frame that was drawn for the first of them. Whatever somebody adds to the
frame must follow from what the key names, or be added to the key.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import request

from app.panel.core import listing, paging, policy, savedlists
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
        tuple(key for key, _label in policy.roles_of(actor)), policy.is_administrator(actor) or policy.usable(actor),
    )  # fmt: skip
