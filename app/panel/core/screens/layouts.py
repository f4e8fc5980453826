"""What a list says of its kept views and of its columns."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.panel.core import fragments, listcolumns, listing, policy, savedlists
from app.panel.core.routing import numbered


def saved_views(view: Any, asked: listing.Asked, kept: savedlists.Kept, actor: Any) -> SimpleNamespace:
    """The views that were kept of this list, and what is needed to keep the one that is shown."""
    base, now = view.url("list"), savedlists.state_of(asked)
    items = [
        SimpleNamespace(
            id=offer.id,
            name=offer.name,
            url=replace(offer.asked, opens_otherwise=asked.opens_otherwise).url(base),
            active=savedlists.state_of(offer.asked) == now,
            is_mine=offer.is_mine,
            is_shared=offer.is_shared,
            is_default=offer.is_default,
            roles=offer.roles,
            default_url=url_for("savedlists.default", saved_id=offer.id),
            copy_url=url_for("savedlists.copy", saved_id=offer.id),
            rename_url=url_for("savedlists.rename", saved_id=offer.id) if offer.is_mine else "",
            delete_url=url_for("savedlists.delete", saved_id=offer.id)
            if offer.is_mine or policy.is_administrator(actor)
            else "",
        )
        for offer in kept.offers
    ]
    laid = {"cols": kept.layout.cols} if kept.layout.cols and not asked.cols else {}
    return SimpleNamespace(
        items=items,
        active=next((item for item in items if item.active), None),
        save_url=numbered("savedlists.save", "list_key", view.endpoint),
        counts_url=numbered("savedlists.counts", "list_key", view.endpoint),
        state=list({**now, **laid}.items()),
        roles=savedlists.may_share_with(actor),
    )


def laid_out(
    view: Any, asked: listing.Asked, plan: listing.Plan, shown: dict[str, int | None], layout: listcolumns.Layout
) -> SimpleNamespace:
    """The columns to choose among, those that are shown first and in their order, and how dense the rows stand."""
    others = [name for name in listcolumns.choosable(plan) if name not in shown]
    return SimpleNamespace(
        lines=fragments.remembered(lambda: _lines(view, shown, others), "columns", view.endpoint, *shown.items(), *others),
        density=layout.density,
        url=numbered("savedlists.columns", "list_key", view.endpoint),
        state=list(savedlists.state_of(asked).items()),
        widths=[(at, width) for at, width in enumerate(shown.values(), 1) if width],
    )


def _lines(view: Any, shown: dict[str, int | None], others: list[str]) -> Markup:
    """What the script draws the columns of the dialog from."""
    return fragments.as_json({
        "columns": [(name, view.label(name), name in shown, shown.get(name) or "") for name in (*shown, *others)],
        "auto": _("auto"), "width": _("Width of %(name)s", name="{name}"), "up": _("Move %(name)s up", name="{name}"),
        "down": _("Move %(name)s down", name="{name}"),
    })  # fmt: skip
