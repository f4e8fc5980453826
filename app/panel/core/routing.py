"""Rules of the URL map that learn to build an address when one is first asked for, and addresses that stay the same.

Werkzeug compiles two functions for each rule when it is added: for our 1,560 rules a quarter of the start of a process,
of which an address is ever built of less than half (werkzeug 3.1, `Rule.compile`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request, url_for
from werkzeug.routing import Rule

MARK = 4_815_162_342_108  # stands where the number will; no rule has it in its own words


class LateRule(Rule):
    """A rule as Werkzeug's own, except for when its builders are made, and that it shares what is alike in many: 3 kB each."""

    def compile(self) -> None:
        self.arguments: Any = set(self.arguments)
        super().compile()
        self._parts = [_kept(one, (one.content, one.static, one.final, one.suffixed, str(one.weight))) for one in self._parts]
        self._trace = [_kept(step, step) for step in self._trace]
        self.arguments = _kept(names := frozenset(self.arguments), names)
        if self.methods is not None:
            self.methods: Any = _kept(allowed := frozenset(self.methods), allowed)

    def get_converter(self, variable_name: str, converter_name: str, args: Any, kwargs: Any) -> Any:
        known = vars(self.map).setdefault("panel_converters", {})
        key = (converter_name, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = super().get_converter(variable_name, converter_name, args, kwargs)
        return known[key]

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return LateRule._make_and_build_unknown if append_unknown else LateRule._make_and_build

    def _make_and_build(self, **values: object) -> tuple[str, str]:
        self._build = super()._compile_builder(False).__get__(self, None)
        return self._build(**values)

    def _make_and_build_unknown(self, **values: object) -> tuple[str, str]:
        self._build_unknown = super()._compile_builder(True).__get__(self, None)
        return self._build_unknown(**values)


_things: dict[Any, Any] = {}


def _kept(thing: Any, key: Any) -> Any:
    return _things.setdefault((type(thing), key), thing)


def address(endpoint: str) -> str:
    """The address of a view without arguments, built once a process: a page names some sixty of them."""
    known: dict[tuple[str, str], str] = current_app.extensions.setdefault("panel_addresses", {})
    place = (request.environ.get("SCRIPT_NAME", "") if request else "", endpoint)
    if place not in known:
        known[place] = url_for(endpoint)
    return known[place]


def numbered(endpoint: str, name: str, number: int | str) -> str:
    """The address of a view with one argument: a list names three of them a row, alike but for it.

    :param number: or a word of which no letter means anything in an address
    """
    head, tail = around(endpoint, name)
    return f"{head}{number}{tail}"


def around(endpoint: str, name: str) -> tuple[str, str]:
    """What stands before and behind the one argument of a view in its address."""
    known: dict[tuple[str, str, str], tuple[str, str]] = current_app.extensions.setdefault("panel_numbered", {})
    place = (request.environ.get("SCRIPT_NAME", "") if request else "", endpoint, name)
    if place not in known:
        marked: dict[str, Any] = {name: MARK}
        head, _mark, tail = url_for(endpoint, **marked).rpartition(str(MARK))
        known[place] = head, tail
    return known[place]
