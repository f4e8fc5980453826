"""The background parts, so that naming this one loads them all: tables, jobs, handlers, schedules, duties, figures."""

from __future__ import annotations

from flask import Flask

from app.panel.core import bells, bus, housekeeping, idempotency, mail, metrics, notices, schedules, ticker

PARTS = (bells, bus, housekeeping, idempotency, mail, notices, schedules, ticker)


def init_app(app: Flask) -> None:
    """Count the requests and serve the figures; everything else is ready by having been imported."""
    metrics.init_app(app)
