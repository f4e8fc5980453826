"""What waits to be published, what was published, and the question whether it shall stay."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import exchange, notes, publishing, store
from app.panel.accounts.configuration.differences import FIELD, MENU, RIGHT, ROLE, ROW, role_word, sentences
from app.panel.accounts.configuration.document import Document
from app.panel.accounts.models import Publication, WaitingChange, full_name
from app.panel.accounts.people import guard
from app.panel.accounts.secondperson import waiting
from app.panel.core import clock, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError
from app.panel.core.fields import show_instant
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.security import safe_next
from app.panel.core.settings import setting

AREAS = {ROLE: _("Role"), ROW: _("Visible rows"), FIELD: _("Fields"), RIGHT: _("Rights"), MENU: _("Menu")}
AT_SIGHT = 12  # more sentences about one thing are folded
MAX_FILE = 2_000_000
MOST_WRONG = 10  # faults of a file that are told at once


@domain.page(_("Changes"), icon="fa-code-compare", order=25)
class ConfigurationPage(PanelPage):
    """The draft against what is published, and all publications."""

    route_base = "/accounts/configuration"
    resource = store.RESOURCE
    title = _("Changes")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        return self._index("")

    def _index(self, note: str, status: int = 200, wrong: Sequence[tuple[str, str]] = ()) -> Any:
        actor, draft = current_actor(), store.draft()
        in_force, publications = store.holding()[0], publishing.trail()
        late = publications[0] if draft.begun and publications and publications[0].rolled_back_why == notes.NOT_CONFIRMED else None
        page = self.render(
            "accounts/changes.html", draft=draft, groups=grouped(store.published(), draft.document), late=late,
            note=note or (late.note if late else ""), wrong=wrong[:MOST_WRONG], more_wrong=max(0, len(wrong) - MOST_WRONG),
            by=str(full_name(draft.changed_by)) if draft.changed_by else "", at=draft.changed_at,
            is_old=draft.begun and draft.based_on_id != in_force, waits=publishing.waiting() is not None,
            may_write=policy.allowed(actor, "write", self.resource), may_publish=policy.allowed(actor, "publish", self.resource),
            for_second=[_for_second(one) for one in waiting.open_to(actor)], is_alone=_is_alone(),
            seconds=publishing.CONFIRM_SECONDS, publications=[_told(one, in_force) for one in publications],
        )  # fmt: skip
        return page, status

    @expose("/publish", methods=["POST"])
    @needs("publish")
    def publish(self) -> Any:
        """Put the draft in force that was read on the page, and no other."""
        note = request.form.get("note", "")[: publishing.MAX_NOTE + 1]
        try:
            publishing.publish(note=note, actor=current_actor(), version=_number(request.form.get("version")))
        except DomainError as error:
            if error.status != 422:
                raise
            flash(error.message, "danger")
            return self._index(note, 422)
        return redirect(url_for("accounts_configuration.index"))

    @expose("/discard", methods=["POST"])
    @needs("write")
    def discard(self) -> Any:
        store.discard(actor=current_actor())
        flash(gettext("The changes are thrown away."), "success")
        return redirect(url_for("accounts_configuration.index"))

    @expose("/<int:publication_id>/")
    @needs("read")
    def show(self, publication_id: int) -> Any:
        found = publishing.get(publication_id)
        in_force = store.holding()[0]
        title = gettext("Publication %(number)s", number=found.id)
        return self.render(
            "accounts/publication.html", title=title, publication=_told(found, in_force),
            groups=grouped(publishing.previous(found), found.document), now=grouped(store.published(), found.document),
            may_publish=policy.allowed(current_actor(), "publish", self.resource), waits=publishing.waiting() is not None,
        )  # fmt: skip

    @expose("/<int:publication_id>/confirm", methods=["POST"])
    @needs("publish")
    def confirm(self, publication_id: int) -> Any:
        publishing.confirm(publication_id, actor=current_actor())
        flash(gettext("The changes stay."), "success")
        return redirect(_back())

    @expose("/<int:publication_id>/rollback", methods=["POST"])
    @needs("publish")
    def roll_back(self, publication_id: int) -> Any:
        why = request.form.get("why", "").strip() or gettext("Taken back by hand")
        publishing.roll_back(publication_id, actor=current_actor(), why=why)
        flash(gettext("It is as before. What was taken back is your draft again."), "success")
        return redirect(url_for("accounts_configuration.index"))

    @expose("/<int:publication_id>/restore", methods=["POST"])
    @needs("publish")
    def restore(self, publication_id: int) -> Any:
        note = gettext("Back to publication %(number)s", number=publication_id)
        publishing.restore(publication_id, note=note, actor=current_actor())
        return redirect(url_for("accounts_configuration.index"))

    @expose("/file")
    @needs("read")
    def file(self) -> Any:
        """The draft, or what is published, as a file."""
        is_draft = request.args.get("which") == "draft"
        text = exchange.to_yaml(store.draft().document if is_draft else store.published())
        name = f"zhanggui-{'draft' if is_draft else 'configuration'}-{clock.today():%Y%m%d}.yaml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, mimetype="application/yaml", headers=headers)

    @expose("/file", methods=["POST"])
    @needs("write")
    def upload(self) -> Any:
        """A file becomes the draft; its changes are then read on the page."""
        given = request.files.get("file")
        data = given.stream.read(MAX_FILE + 1) if given is not None else b""
        try:
            exchange.take(exchange.from_yaml(_text(data)), actor=current_actor())
        except DomainError as error:
            if error.status != 422:
                raise
            errors = getattr(error, "errors", {"": error.message})
            wrong = [(place if place != "file" else "", str(sentence)) for place, sentence in errors.items()]
            return self._index("", 422, wrong)
        flash(gettext("The file is the draft now. Read what it changes before you publish it."), "success")
        return redirect(url_for("accounts_configuration.index"))


def grouped(before: Document, after: Document) -> list[dict[str, Any]]:
    """The differences as pages show them: groups by role, and in them by area."""
    found = []
    for role, own in itertools.groupby(publishing.differences(before, after), key=lambda change: change.role):
        changes = list(own)
        parts = [
            {"label": AREAS[area], "sentences": said, "is_long": len(said) > AT_SIGHT}
            for area in AREAS if (said := sentences(one for one in changes if one.area == area))
        ]  # fmt: skip
        label, count = role_word(role, after, before) if role else AREAS[MENU], sum(len(part["sentences"]) for part in parts)
        found.append({"label": label, "parts": parts, "count": count})
    return found


def _told(found: Publication, in_force: int | None) -> dict[str, Any]:
    who = full_name(found.published_by) if found.published_by else gettext("the system")
    if found.asked_by:
        who = gettext("%(asker)s, confirmed by %(name)s", asker=found.asked_by, name=who)
    state = (
        (gettext("Rolled back"), "muted") if found.rolled_back_at
        else (gettext("Waits to be confirmed"), "warning") if found.confirmed_at is None
        else (gettext("In force"), "success") if found.id == in_force
        else ("", "")
    )  # fmt: skip
    return {
        "id": found.id, "url": url_for("accounts_configuration.show", publication_id=found.id), "state": state,
        "note": notes.said(found.note), "by": who,
        "at": show_instant(found.published_at), "why": notes.said(found.rolled_back_why) if found.rolled_back_at else "",
        "holds": found.id == in_force, "is_back": bool(found.rolled_back_at),
    }  # fmt: skip


def _for_second(row: WaitingChange) -> dict[str, Any]:
    """A line of what waits for a second person."""
    note = row.what.get("note", "")
    return {
        "url": waiting.url_of(row), "label": str(waiting.KINDS[row.kind].label), "note": note, "by": waiting.asker_of(row),
        "at": show_instant(row.asked_at), "until": show_instant(row.expires_at),
    }  # fmt: skip


def _is_alone() -> bool:
    """Does the instance ask for a second person while there is only one administrator?"""
    return bool(setting(waiting.SETTING)) and guard.administrators(db.session()) < 2


def _number(text: str | None) -> int:
    if not text or not text.isdecimal() or len(text) > 9:
        raise BadRequest(gettext("This form is too old. Open it again."))
    return int(text)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "\x00"


def _back() -> str:
    return safe_next(request.form.get("next"), url_for("accounts_configuration.index"))
