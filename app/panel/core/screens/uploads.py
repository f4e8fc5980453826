"""Files that come with a form: received before the transaction, kept in it with their row, dropped when it fails."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from flask import request
from flask_wtf.file import FileStorage

from app.panel.core import files, forms
from app.panel.core.errors import InvalidInput


class Uploads:
    """`with Uploads(form) as given:` what was not kept when the block ends, or when it fails, is off the disk again.

    A box “remove” (`<name>-remove`) empties the field.
    """

    def __init__(self, form: Any) -> None:
        self.form = form
        self.received: dict[str, files.Received | None] = {}
        self.kept = False

    def __enter__(self) -> Uploads:
        try:
            self._receive()
        except BaseException:
            self._drop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None or not self.kept:
            self._drop()

    def _receive(self) -> None:
        for field in self.form:
            if not isinstance(field, forms.RawField) or field.kind != "file" or field.spec is None:
                continue
            given = request.files.get(field.name)
            if isinstance(given, FileStorage) and given.filename:
                try:
                    self.received[field.name] = files.receive(given.stream, given.filename, kinds=field.spec.kinds)
                except InvalidInput as error:
                    raise InvalidInput({field.name: error.message}) from error
            elif request.form.get(f"{field.name}-remove"):
                self.received[field.name] = None

    def _drop(self) -> None:
        for one in self.received.values():
            if one is not None:
                one.drop()

    def fingerprint(self) -> dict[str, Any]:
        """What tells the same files from others when a form is sent twice."""
        return {name: [one.name, one.sha256] if one else None for name, one in self.received.items()}

    def keep(self, actor: Any) -> dict[str, int | None]:
        """The numbers of the files by field name, in the caller's transaction."""
        self.kept = True
        return {name: files.keep(one, actor=actor).id if one else None for name, one in self.received.items()}
