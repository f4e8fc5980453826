"""The preview that viewers open by a link or a code, without a log-in; there they book, and take it back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import make_response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts.login import limits
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, public
from app.panel.core.security import network
from app.shop.live import domain
from app.shop.live.out.states import ContactKind
from app.shop.live.permissions import SESSION
from app.shop.live.services import booking, links, sheet

PER_PLACE = "60 per 5 minute"
BOOKINGS_PER_PLACE, PER_CONTACT = "20 per 10 minute", "5 per hour"
LONGEST_TOKEN = 32  # of a booking; what is longer was sealed


def _quietly(page: str, status: int = 200) -> Any:
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@domain.page(_("Live preview"), menu=False)
class PreviewPage(PanelPage):
    """Theme, time, host, what is in it. Nothing of it comes from who asks, and no draft is ever shown."""

    resource = SESSION
    title = _("Live preview")
    route_base = "/live/p"

    @expose("/<token>")
    @public
    def index(self, token: str) -> Any:
        limits.hit("live_preview", PER_PLACE, network())
        link = links.link_of(token)
        if link is None:
            raise NotFound(gettext("There is nothing here."))
        if request.method == "GET":  # a HEAD of a program that looks for a title is nobody
            links.count(token)
            link = links.link_of(token)
        return _quietly(self._page(link))

    @expose("/<token>/book", methods=["POST"])
    @public
    def book(self, token: str) -> Any:
        """Somebody wants to be there. Whether he has booked before is told to nobody but him."""
        limits.hit("live_book", BOOKINGS_PER_PLACE, network())
        link = links.link_of(token)
        if link is None:
            raise NotFound(gettext("There is nothing here."))
        contact = request.form.get("contact", "")[:200]
        try:
            kind, value = booking.contact_of(contact)
            limits.hit("live_book_contact", PER_CONTACT, limits.named(value))
            made = booking.book(link, contact, request.form.get("name", "")[:80], request.form.get("agreed") == "1")
        except DomainError as error:
            if error.status in (404, 429):
                raise
            return _quietly(self._page(links.link_of(token), error=error.message, given=contact), 422)
        done = SimpleNamespace(
            by_mail=kind is ContactKind.EMAIL,
            undo=""
            if kind is ContactKind.EMAIL
            else url_for("live_bookingback.index", token=booking.way_back(link.session_id, made)),
        )
        return _quietly(self._page(links.link_of(token), done=done))

    def _page(self, link: Any, **more: Any) -> str:
        session = link.session
        return self.render(
            "live/preview.html", live=session, text=session.preview_text or sheet.preview_text(session), title=session.title,
            book_url=url_for("live_preview.book", token=link.token) if booking.is_open(session) else "", **more,
        )  # fmt: skip


@domain.page(_("Take a booking back"), menu=False)
class BookingBackPage(PanelPage):
    """Behind the link of a booking. A GET changes nothing: programs that look into mails follow links.

    What the answer to a booking by phone links to says the same whether there is a booking behind it or not.
    """

    resource = SESSION
    title = _("Take a booking back")
    route_base = "/live/b"

    @expose("/<token>", methods=["GET"])
    @public
    def index(self, token: str) -> Any:
        limits.hit("live_preview", PER_PLACE, network())
        if len(token) > LONGEST_TOKEN:
            return self._page(booking.of_way_back(token)[0])
        found = booking.of_token(token)
        return self._page(found.session, is_gone=found.cancelled_at is not None)

    @expose("/<token>", methods=["POST"])
    @public
    def take_back(self, token: str) -> Any:
        limits.hit("live_preview", PER_PLACE, network())
        if len(token) > LONGEST_TOKEN:
            session, own = booking.of_way_back(token)
            booking.take_back_if_there(own)
            return self._page(session, is_gone=True, is_by_phone=True)
        return self._page(booking.take_back(token).session, is_gone=True)

    def _page(self, session: Any, *, is_gone: bool = False, is_by_phone: bool = False) -> Any:
        return _quietly(self.render("live/booking.html", live=session, is_gone=is_gone, is_by_phone=is_by_phone))
