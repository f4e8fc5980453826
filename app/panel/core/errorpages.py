"""What a refusal looks like: our own page for people, JSON for programs; nothing of the inside is told (SAFETY R23)."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from flask.globals import request_ctx
from flask.sessions import NullSession
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.trace import request_id

SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT, SQLITE_CANTOPEN = 5, 6, 9, 14
OF_MOMENTS = {SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT, SQLITE_CANTOPEN}
# PostgreSQL: connection, too few resources, lock not available, cancelled or shut down, serialization and deadlock
STATES_OF_MOMENTS = ("08", "53", "55P03", "57", "40001", "40P01")
RETRY_SECONDS = "2"


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(
        StaleDataError, lambda _error: page(409, _("Somebody else changed this in the meantime."))
    )
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(OverflowError, _too_big)
    app.register_error_handler(UnicodeEncodeError, _half_a_character)
    app.register_error_handler(Exception, _unknown)


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.path.startswith("/api/") or best == "application/json"


def page(status: int, message: str, **more: Any) -> Any:
    """A refusal, in the shape that the asker reads."""
    if wants_json():
        return {"message": message, **more}, status
    try:
        return render_template("panel/error.html", error=_told(status, message, more)), status
    except Exception as error:
        current_app.logger.error("the page of a refusal failed", exc_info=error)
        return bare(status, message, **more)


def bare(status: int, message: str, **more: Any) -> Response:
    """A refusal that asks neither the database nor the session, nor for any other file."""
    if wants_json():
        return current_app.make_response(({"message": message, **more}, status))
    template = current_app.jinja_env.get_template("panel/error_bare.html")  # no context processors
    language = str(get_locale() or "en").replace("_", "-")
    text = template.render(error=_told(status, message, more), language=language)
    return Response(text, status, mimetype="text/html")


def _told(status: int, message: str, more: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(code=status, text=message, request_id=more.get("id", ""))


def _domain(error: DomainError) -> Any:
    roll_back()
    more = {"errors": {k: str(v) for k, v in error.errors.items()}} if isinstance(error, InvalidInput) else {}
    response = current_app.make_response(page(error.status, error.message, **more))
    if seconds := getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(seconds)
    return response


def sentence(status: int) -> str:
    known = {
        400: _("This request cannot be understood."), 401: _("Log in first."), 403: _("You may not see or do this."),
        404: _("There is nothing here."), 405: _("This address does not answer that."), 409: _("Somebody else was faster."),
        411: _("The request does not say how long it is."),
        413: _("This is too large."), 415: _("This kind of content is not understood."),
        429: _("Too many requests. Wait a moment and try again."), 503: _("The shop is busy. Try again in a moment."),
    }  # fmt: skip
    return known.get(status, _("This did not work."))


def _http(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        return _late(error.original_exception)
    status = error.code or 500
    said = error.description if isinstance(error, CSRFError) else _too_large() if status == 413 else sentence(status)
    if isinstance(error, CSRFError):
        said = _(
            "This form is too old or was not opened here. Open it again; what you typed is still there if you go back."
        )
    answer = page(status, str(said))
    response = current_app.make_response(answer)
    if isinstance(headers := error.get_headers(), list):
        response.headers.extend([(k, v) for k, v in headers if k.lower() in ("retry-after", "allow")])
    return response


def _too_large() -> str:
    """With how much is taken, where that was exceeded."""
    most, length = request.max_content_length, request.content_length
    if not most or not length or length <= most:
        return sentence(413)
    size = f"{most // 2**20} MB" if most >= 2**20 else f"{most // 2**10} kB"
    return _("This is too large: at most %(size)s are taken at once.", size=size)


def _late(error: Exception) -> Any:
    """What failed outside of the view: while the session was opened or written. Flask has logged it already."""
    _without_session()
    if isinstance(error, SQLAlchemyError) and passes(error):
        return _busy()
    return bare(500, _unexpected(), id=request_id())


def passes(error: SQLAlchemyError) -> bool:
    """Is this a matter of moments: a lock, a connection, a statement that was stopped?"""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code, state = getattr(error.orig, "sqlite_errorcode", None), getattr(error.orig, "sqlstate", None)
    if code is not None:
        return code & 0xFF in OF_MOMENTS
    if state is not None:
        return str(state).startswith(STATES_OF_MOMENTS)
    return type(error.orig).__module__.startswith("psycopg") and type(error.orig).__name__ == "OperationalError"


def _database(error: SQLAlchemyError) -> Any:
    """A locked or absent database is a matter of moments; a value that it refuses is the asker's; the rest is ours."""
    if passes(error):
        current_app.logger.error("the database does not answer", exc_info=error)
        _without_session()
        return _busy()
    if isinstance(error, IntegrityError | DataError):
        current_app.logger.warning("the database refused a value", exc_info=error)
        roll_back()
        if isinstance(error, DataError):
            return page(422, _("A value does not fit its field."))
        return page(409, _("This does not fit what is stored: it is there already, or something else needs it."))
    return _unknown(error)


def _too_big(error: OverflowError | UnicodeEncodeError) -> Any:
    current_app.logger.warning("a value fits no database", exc_info=error)
    roll_back()
    return page(422, _("A value does not fit its field."))


def _half_a_character(error: UnicodeEncodeError) -> Any:
    """JSON can write half of a character that stands outside of the first 65,536, which no database takes."""
    if error.reason != "surrogates not allowed":
        return _unknown(error)
    return _too_big(error)


def _busy() -> Response:
    response = bare(503, sentence(503))
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def _unknown(error: Exception) -> Any:
    """The last resort: logged with its id, told without a word of the inside."""
    if current_app.config.get("PROPAGATE_EXCEPTIONS") and not isinstance(error, SQLAlchemyError):
        raise error
    roll_back()
    current_app.logger.error("unhandled", exc_info=error)
    return page(500, _unexpected(), id=request_id())


def _unexpected() -> str:
    return _("Something went wrong. It is in the log under the number below.")


def roll_back() -> None:
    with contextlib.suppress(SQLAlchemyError):  # the connection may be what is gone
        db.session.rollback()


def _without_session() -> None:
    """Go on without the session's row: what was read stays (the language), nothing is written, no cookie is taken away."""
    roll_back()
    context = request_ctx._get_current_object()  # type: ignore[attr-defined]
    context._session = NullSession(context._session or {})
    g.pop("_login_user", None)
