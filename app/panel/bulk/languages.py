"""The languages in which a file may name columns and choices."""

from __future__ import annotations

from flask import current_app


def languages() -> list[str]:
    return list(current_app.config.get("LANGUAGES") or ["en"])
