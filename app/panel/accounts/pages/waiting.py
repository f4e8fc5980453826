"""A change that waits for a second person: what it is, who asked, and the answer."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import publishing, store
from app.panel.accounts.models import WaitingChange, full_name
from app.panel.accounts.models.waiting import WaitingState
from app.panel.accounts.pages.changes import grouped
from app.panel.accounts.secondperson import waiting
from app.panel.core.actor import current_actor
from app.panel.core.errors import InvalidInput
from app.panel.core.pages import PanelPage, expose, logged_in

CHANGES = "/accounts/configuration/"


@domain.page(_("Changes for a second person"), menu=False)
class WaitingPage(PanelPage):
    """Whoever asked reads it, and whoever could confirm it; nobody else finds it."""

    route_base = "/accounts/waiting"
    resource = store.RESOURCE
    title = _("Changes for a second person")
    stands_under = "accounts_configuration"

    @expose("/<int:change_id>/")
    @logged_in
    def show(self, change_id: int) -> Any:
        return self._show(change_id, "")

    def _show(self, change_id: int, problem: str) -> Any:
        actor = current_actor()
        row = waiting.get(change_id, actor)
        state, found = waiting.state_of(row), waiting.KINDS[row.kind]
        is_open = state is WaitingState.WAITING
        page = self.render(
            "accounts/waiting.html", title=str(found.label), row=row, state=state, problem=problem, groups=groups_of(row),
            asker=waiting.asker_of(row), decider=full_name(row.decided_by) if row.decided_by else "",
            may_confirm=is_open and waiting.can_confirm(row, actor), why_not=self._why_not(row, actor) if is_open else "",
            is_mine=is_open and row.asked_by_id == actor.id, note=row.what.get("note", ""),
            others=[full_name(user) for user in waiting.confirmers(row)] if is_open else [], url=waiting.url_of(row),
            is_publication=row.kind == "publication", seconds=publishing.CONFIRM_SECONDS,
        )  # fmt: skip
        return page, 422 if problem else 200

    def _why_not(self, row: WaitingChange, actor: Any) -> str:
        return "" if row.asked_by_id == actor.id else waiting.why_not(row, actor)

    @expose("/<int:change_id>/confirm", methods=["POST"])
    @logged_in
    def confirm(self, change_id: int) -> Any:
        row = waiting.get(change_id, current_actor())
        waiting.confirm(row.id, actor=current_actor())
        flash(gettext("It is done. You are its second person."), "success")
        return redirect(CHANGES if row.kind == "publication" else waiting.url_of(row))

    @expose("/<int:change_id>/refuse", methods=["POST"])
    @logged_in
    def refuse(self, change_id: int) -> Any:
        row = waiting.get(change_id, current_actor())
        try:
            waiting.refuse(row.id, request.form.get("why", ""), actor=current_actor())
        except InvalidInput as error:
            return self._show(change_id, error.message)
        flash(gettext("It is refused. Whoever asked is told."), "success")
        return redirect(waiting.url_of(row))

    @expose("/<int:change_id>/withdraw", methods=["POST"])
    @logged_in
    def withdraw(self, change_id: int) -> Any:
        row = waiting.get(change_id, current_actor())
        waiting.withdraw(row.id, actor=current_actor())
        flash(gettext("It is withdrawn."), "success")
        return redirect(waiting.url_of(row))


def groups_of(row: WaitingChange) -> list[dict[str, Any]]:
    """What it changes, as the pages of publications show it."""
    if row.kind == "publication":
        base = row.what["base"]
        return grouped(publishing.get(base).document if base else store.published(), row.what["document"])
    found = waiting.KINDS[row.kind]
    sentences = found.told(row.what)
    return [{"label": str(found.label), "parts": [{"label": gettext("Changes"), "sentences": sentences}], "count": len(sentences)}]
