"""What an operation would do, in figures: how many rows come to which end and why, and sums before and after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.panel.bulk.states import Outcome

REASONS = 20  # different reasons that are told; the others are told together


@dataclass
class Survey:
    """`reasons`: (outcome, sentence) → rows. `sums`: name → {"label", "before", "after"}, each by currency, "" for none."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    sums: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: int = 0

    def count(self, outcome: str, reason: str, rows: int = 1) -> None:
        self.counts[outcome] += rows
        if reason:
            self.reasons[outcome, reason] += rows

    def sum(self, name: str, label: Any, currency: str, before: int | None, after: int | None) -> None:
        """Add to a sum; before None: there is only a move, no state before it."""
        known = self.sums.setdefault(name, {"label": str(label), "before": {}, "after": {}})
        for side, amount in (("before", before), ("after", after)):
            if amount is not None:
                known[side][currency] = known[side].get(currency, 0) + int(amount)

    def add(self, other: Survey) -> None:
        """Take in what was found of other rows."""
        self.counts.update(other.counts)
        self.reasons.update(other.reasons)
        self.messages += other.messages
        for name, one in other.sums.items():
            for side in ("before", "after"):
                for currency, amount in one[side].items():
                    pair = (amount, None) if side == "before" else (None, amount)
                    self.sum(name, one["label"], currency, *pair)

    def kept(self) -> dict[str, Any]:
        """As it is stored with the run."""
        reasons = [[outcome, reason, rows] for (outcome, reason), rows in self.reasons.most_common(REASONS)]
        counts = {outcome.value: self.counts[outcome.value] for outcome in Outcome if self.counts[outcome.value]}
        return {"counts": counts, "reasons": reasons, "sums": self.sums, "messages": self.messages}
