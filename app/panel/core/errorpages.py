"""What a refusal looks like: our own page for people, JSON for programs; nothing of the inside is told (SAFETY R23)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.trace import request_id


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(
        StaleDataError, lambda _error: page(409, _("Somebody else changed this in the meantime."))
    )
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unknown)


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.path.startswith("/api/") or best == "application/json"


def page(status: int, message: str, **more: Any) -> Any:
    """A refusal, in the shape that the asker reads."""
    if wants_json():
        return {"message": message, **more}, status
    error = SimpleNamespace(code=status, text=message, request_id=more.get("id", ""))
    return render_template("panel/error.html", error=error), status


def _domain(error: DomainError) -> Any:
    db.session.rollback()
    more = {"errors": {k: str(v) for k, v in error.errors.items()}} if isinstance(error, InvalidInput) else {}
    return page(error.status, error.message, **more)


def sentence(status: int) -> str:
    known = {
        400: _("This request cannot be understood."), 401: _("Log in first."), 403: _("You may not see or do this."),
        404: _("There is nothing here."), 405: _("This address does not answer that."), 409: _("Somebody else was faster."),
        413: _("This is too large."), 415: _("This kind of content is not understood."),
        429: _("Too many requests. Wait a moment and try again."), 503: _("The shop is busy. Try again in a moment."),
    }  # fmt: skip
    return known.get(status, _("This did not work."))


def _http(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    status = error.code or 500
    said = error.description if isinstance(error, CSRFError) else sentence(status)
    if isinstance(error, CSRFError):
        said = _(
            "This form is too old or was not opened here. Open it again; what you typed is still there if you go back."
        )
    answer = page(status, str(said))
    response = current_app.make_response(answer)
    if isinstance(headers := error.get_headers(), list):
        response.headers.extend([(k, v) for k, v in headers if k.lower() in ("retry-after", "allow")])
    return response


def _database(error: OperationalError) -> Any:
    """A locked or absent database is a matter of moments."""
    db.session.rollback()
    current_app.logger.error("database: %s", type(error.orig).__name__, extra={"request_id": request_id()})
    response = current_app.make_response(page(503, sentence(503)))
    response.headers["Retry-After"] = "2"
    return response


def _unknown(error: Exception) -> Any:
    """The last resort: logged with its id, told without a word of the inside."""
    if current_app.config.get("PROPAGATE_EXCEPTIONS") and not isinstance(error, SQLAlchemyError):
        raise error
    db.session.rollback()
    current_app.logger.exception("unhandled", exc_info=error)
    return page(500, _("Something went wrong. It is in the log under the number below."), id=request_id())
