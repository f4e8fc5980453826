"""What can be wrong with a file or a cell: a code and its figures, never a sentence (the child knows no language)."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """Base of both kinds; `code` names a sentence in `sentences.py`, `params` fill it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class BadFile(Problem):
    """The file as a whole cannot be read."""


class BadValue(Problem):
    """One cell does not hold what its column should hold."""
