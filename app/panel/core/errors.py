"""Errors that a person can mend. Each carries a translated sentence and the HTTP status that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A rule was broken. The message is shown to the person; nothing was changed."""

    status = 422

    def __init__(self, message: object, /, field: str | None = None, **values: Any) -> None:
        self._message, self._values = message, values
        self.field = field
        super().__init__(message)

    @property
    def message(self) -> str:
        text = str(self._message)
        return text % self._values if self._values else text

    def __str__(self) -> str:
        return self.message


class InvalidInput(DomainError):
    """Values that do not fit: `errors` maps a field's name to its sentence."""

    def __init__(self, errors: Mapping[str, object], message: object | None = None) -> None:
        self.errors = dict(errors)
        super().__init__(message if message is not None else next(iter(self.errors.values()), ""))

    @property
    def message(self) -> str:
        return str(self._message)


class NotFound(DomainError):
    """No such row, or none that this person may see: the two are not told apart."""

    status = 404


class Forbidden(DomainError):
    status = 403


class Conflict(DomainError):
    """Somebody else was faster. `theirs` holds the values that stand now, where they are known."""

    status = 409

    def __init__(self, message: object, /, theirs: Mapping[str, Any] | None = None, **values: Any) -> None:
        self.theirs = dict(theirs or {})
        super().__init__(message, **values)


class BadRequest(DomainError):
    """A request that no screen of ours makes: an unknown column, an unbounded page, a value of the wrong type."""

    status = 400


class TooLarge(DomainError):
    status = 413
