"""Rules of the URL map that learn to build an address when one is first asked for.

Werkzeug compiles two functions for each rule when it is added: for our 740 rules a quarter of the start of a process,
of which an address is ever built of less than half (werkzeug 3.1, `Rule.compile`).
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule as Werkzeug's own, except for when its builders are made."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made = super()._compile_builder
        builders: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            if not builders:
                builders.append(made(append_unknown))
            return builders[0](rule, **values)

        return build
