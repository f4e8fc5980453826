"""One way to log: JSON lines in the home for machines, short coloured lines on a terminal for people.

Every line carries the request id, also in a job and in a stream. Secrets and personal data never reach a log: keys
that promise them are emptied, and e-mail addresses and phone numbers are blotted out wherever they stand.
"""

from __future__ import annotations

import fcntl
import functools
import logging
import os
import re
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, g, has_request_context, request, session
from structlog.typing import EventDict, Processor

from app.panel.core import trace

MAX_BYTES, KEEP = 10 * 1024 * 1024, 5
PATIENCE, TIRED = 1.0, 10.0  # seconds for which a line waits for those of others, and for which none waits after one waited in vain
HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(
    r"passw|secret|token|authorization|cookie|csrf|api_?key|phone|mobile|e_?mail|address|card|id_number|birth", re.I
)
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
PHONE = re.compile(r"(?<![\w.-])(?:\+?86[- ]?)?1[3-9]\d{9}(?![\w.-])|\+[1-9](?:[ -]?\d){6,14}(?![\w.-])")
# PostgreSQL adds the values of the row to what went wrong with it.
DETAIL = re.compile(r"(DETAIL: ).*?(?=\n\n|\n\[SQL|\nCONTEXT|\Z)", re.DOTALL)
URL_PASSWORD = re.compile(r"(\w+://[^:/@\s]*):[^@/\s]+@")
QUIET = dict.fromkeys(("alembic", "flask_appbuilder", "httpx", "PIL", "rq"), logging.WARNING)

log = structlog.stdlib.get_logger("zhanggui")
access = structlog.stdlib.get_logger("zhanggui.access")


class SharedRotatingFile(RotatingFileHandler):
    """A rotating file that several processes write: who rotates does it under a lock, the others follow.

    A process that stands still with the lock holds nobody up for good: a line is then written without it, and nothing rotated.
    """

    tired_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        lock = os.open(self.baseFilename + ".lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            mine = self._waited_for(lock)
            if self.stream and self._was_rotated():
                self.stream.close()
                self.stream = self._open()
            super().emit(record) if mine else logging.FileHandler.emit(self, record)
        finally:
            os.close(lock)

    def _waited_for(self, lock: int) -> bool:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                now = time.monotonic()
                if now < self.tired_until:
                    return False
                if now >= until:
                    self.tired_until = now + TIRED
                    return False
                time.sleep(0.001)
            else:
                return True

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """By what is there; the handler's own way would format the line once more to add its length."""
        if self.stream is None:
            self.stream = self._open()
        return self.maxBytes > 0 and os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def _was_rotated(self) -> bool:
        try:
            return self.stream is not None and os.stat(self.baseFilename).st_ino != os.fstat(self.stream.fileno()).st_ino
        except FileNotFoundError:
            return True


class NoAccessLines(logging.Filter):
    """A terminal shows what needs a person, not every request."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.name != "zhanggui.access"


def init_app(app: Flask) -> None:
    """Set the process up once and note every request."""
    if not app.testing:
        configure(Path(app.config["LOG_FOLDER"]), app.config["LOG_LEVEL"])
    app.wsgi_app = trace.Traced(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_end)


def configure(folder: Path, level: str = "info") -> None:
    """Send everything, the packages' lines too, through the same processors. May be called again."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_origin,
        structlog.processors.format_exc_info,
        scrub,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    json = structlog.processors.JSONRenderer(ensure_ascii=False)
    handlers: list[logging.Handler] = []
    if os.access(folder, os.W_OK):  # a container may keep its home read-only; its lines go to the terminal
        path = folder / "zhanggui.log"
        file = SharedRotatingFile(path, maxBytes=MAX_BYTES, backupCount=KEEP, encoding="utf-8", delay=True)
        file.setFormatter(_formatter(json, shared))
        handlers.append(file)
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(_formatter(structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else json, shared))
    terminal.addFilter(NoAccessLines())
    handlers.append(terminal)
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


def scrub(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Empty what is secret or personal, by key and by look."""
    return {key: HIDDEN if _is_secret(key) else _clean(value) for key, value in event.items()}


@functools.lru_cache(maxsize=2000)
def _is_secret(key: str) -> bool:
    return SECRET_KEYS.search(key) is not None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        if "DETAIL: " in value:
            value = DETAIL.sub(rf"\1{HIDDEN}", value)
        if "@" in value:  # in every address of mail and before every host that a password leads to
            value = EMAIL.sub(HIDDEN, URL_PASSWORD.sub(rf"\1:{HIDDEN}@", value))
        return PHONE.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {key: HIDDEN if _is_secret(str(key)) else _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


def _formatter(renderer: Processor, foreign: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=foreign, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )


def _add_origin(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["part"] = os.environ.get("ZHANGGUI_PART", "command")
    if trace.request_id():
        event.setdefault("request_id", trace.request_id())
    return event


def _begin() -> None:
    g.log_started = time.perf_counter()


def _end(response: Response) -> Response:
    if has_request_context() and not (request.endpoint or "").startswith(("assets.", "health.")):
        access.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,  # the path and the query may hold what a person typed
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("log_started", time.perf_counter())) * 1000, 1),
            user=g.key_holder.id if "key_holder" in g else session.get("_user_id"),
        )
    return response
