"""A run in figures for people and scripts: counts, sums to the cent, refused rows."""

from __future__ import annotations

from typing import Any

from app.panel.bulk import importers, runs
from app.panel.bulk.models import Run
from app.panel.bulk.states import Outcome, RunState
from app.panel.core import money

REFUSED_LISTED = 1000


def sums(raw: dict[str, dict[str, int]] | None) -> dict[str, dict[str, str]]:
    """Minor units as decimal text: {"CNY": {"total": "1234.50"}}."""
    return {
        currency: {name: importers.as_decimal(amount, money.exponent(currency)) for name, amount in amounts.items()}
        for currency, amounts in sorted((raw or {}).items())
    }


def totals(raw: dict[str, dict[str, int]] | None) -> dict[str, str]:
    """The one amount that counts, by currency: the totals, or whatever the layout sums up first."""
    return {
        currency: amounts.get("total") or next(iter(amounts.values()), "0")
        for currency, amounts in sums(raw).items()
    }


def amounts(raw: dict[str, dict[str, int]] | None) -> dict[str, int]:
    """The same in minor units."""
    return {code: amounts.get("total") or next(iter(amounts.values()), 0) for code, amounts in (raw or {}).items()}


def summary(run: Run) -> dict[str, Any]:
    """What `flask import --json` prints. A checked run speaks of what would happen."""
    found = run.findings or {}
    checked = run.state in (RunState.CHECKED, RunState.DRAFT)
    raw = found.get("sums") if checked else run.sums
    counts = {name: found.get(name, 0) if checked else getattr(run, name) for name in ("read", *runs.COUNTS.values())}
    refused = [
        {"line": item.lines[0] if item.lines else None, "lines": item.lines, "key": item.key, "reason": item.reason}
        for item in runs.items(run.id, Outcome.REFUSED, limit=REFUSED_LISTED)
    ]  # fmt: skip
    return {
        "run": run.id, "state": run.state.value, "as": run.importer, "file": run.file_name, "dry_run": checked,
        "rows": found.get("rows", 0) if checked else run.rows, **counts, "refused_rows": refused,
        "totals": totals(raw), "sums": sums(raw), "error": run.error or "",
    }  # fmt: skip
