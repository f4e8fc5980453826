"""Counting what becomes of records: counts, sums and the first rows as they will be."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.panel.bulk import importers, runs
from app.panel.bulk.importers import Plan, Result, Sums
from app.panel.bulk.showing import kept
from app.panel.bulk.states import Outcome

SHOWN = 50
REFUSED_SHOWN = 200


class Tally:
    def __init__(self) -> None:
        self.read = 0
        self.rows = 0
        self.counts: Counter[Outcome] = Counter()
        self.sums: Sums = {}
        self.refused_sums: Sums = {}
        self.first: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []

    def add(self, plans: list[Plan], results: list[Result]) -> None:
        self.read += len(plans)
        self.rows += sum([len(plan.lines) for plan in plans])
        outcomes = [result.outcome for result in results]
        for outcome in Outcome:
            self.counts[outcome] += outcomes.count(outcome)
        if len(self.first) >= SHOWN and Outcome.REFUSED not in outcomes and not any(plan.sums for plan in plans):
            return
        for plan, result in zip(plans, results, strict=True):
            refused = result.outcome is Outcome.REFUSED
            if plan.sums:
                importers.add_sums(self.refused_sums if refused else self.sums, plan.sums)
            if len(self.first) < SHOWN and not refused:
                shown = {name: kept(value) for name, value in plan.shown.items()}
                self.first.append({"line": plan.lines[0], "outcome": result.outcome.value, "shown": shown})
            if refused and len(self.refused) < REFUSED_SHOWN:
                self.refused.append({"line": plan.lines[0], "key": plan.key, "reason": result.reason})

    def findings(self, meta: dict[str, Any], skipped: dict[str, int]) -> dict[str, Any]:
        """As it is stored with a checked run."""
        counts = {outcome.value: self.counts[outcome] for outcome in runs.COUNTS}
        return {
            "read": self.read, "rows": self.rows, **counts, "sums": self.sums, "refused_sums": self.refused_sums,
            "first": self.first, "refused_rows": self.refused, "meta": meta, "skipped": skipped,
        }  # fmt: skip
