"""Files that come with a form: received before the transaction, kept in it with their row, dropped when it fails.

Of a form that is shown again they are held: it sends a ticket in the place of each, so that nobody chooses them twice.
Those in a table of children are held at once, for its rows name them by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from flask import request
from flask_wtf.file import FileStorage
from werkzeug.datastructures import ImmutableMultiDict

from app.panel.core import files, forms
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import FieldSpec

_IN_ROW = re.compile(r"^(\w+)-(\d{1,4})-(\w+)$")
Columns = Mapping[str, Iterable[FieldSpec]]


class Uploads:
    """`with Uploads(form) as given:` what was not kept when the block ends, or when it fails, is off the disk again.

    A box “remove” (`<name>-remove`) empties the field.
    """

    def __init__(self, form: Any) -> None:
        self.form = form
        self.received: dict[str, files.Received | None] = {}
        self.held: dict[str, files.File] = {}
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
        for field in _file_fields(self.form):
            if (given := _given(field.name)) is not None:
                try:
                    self.received[field.name] = files.receive(given.stream, given.filename or "", kinds=field.spec.kinds)
                except InvalidInput as error:
                    raise InvalidInput({field.name: error.message}) from error
            elif (file := _held(field.name, field.spec)) is not None:
                self.held[field.name] = file
            elif request.form.get(f"{field.name}-remove"):
                self.received[field.name] = None

    def _drop(self) -> None:
        for one in self.received.values():
            if one is not None:
                one.drop()

    def fingerprint(self) -> dict[str, Any]:
        """What tells the same files from others when a form is sent twice."""
        found = {**self.received, **self.held}
        return {name: [one.name, one.sha256] if one else None for name, one in found.items()}

    def keep(self, actor: Any) -> dict[str, int | None]:
        """The numbers of the files by field name, in the caller's transaction."""
        self.kept = True
        kept = {name: files.keep(one, actor=actor).id if one else None for name, one in self.received.items()}
        return {**kept, **{name: file.id for name, file in self.held.items()}}


def hold(form: Any) -> None:
    """Keep the files of a form that is shown again, in it and in what it sends on; those that are refused are left out."""
    for field in _file_fields(form):
        file = _held(field.name, field.spec)
        if (given := _given(field.name)) is not None:
            try:
                file = files.store(given.stream, given.filename or "", actor=current_actor(), kinds=field.spec.kinds)
            except DomainError:
                file = None
        if file is not None:
            field.held, field.held_name = files.ticket(file, current_actor()), file.name
            _say(field.name, field.held)


def hold_in_rows(tables: Columns) -> dict[str, str]:
    """Let the form say by tickets what files came with the rows of its tables; a sentence for each that is refused."""
    columns = {(name, known.name): known for name, own in tables.items() for known in own if known.kind == "file"}
    errors = {}
    for key in [*request.files] if columns else ():
        match, given = _IN_ROW.match(key), _given(key)
        known = columns.get((match[1], match[3])) if match is not None else None
        if known is None or given is None or match is None:
            continue
        try:
            actor = current_actor()
            _say(key, files.ticket(files.store(given.stream, given.filename or "", actor=actor, kinds=known.kinds), actor))
        except DomainError as error:
            errors[f"{match[1]}.{match[2]}.{match[3]}"] = error.message
    return errors


def numbered(row: dict[str, Any], columns: Iterable[FieldSpec]) -> dict[str, Any]:
    """A row of a table with the numbers of its files; where none was chosen, what the row has stays."""
    found = dict(row)
    for known in columns:
        if known.kind == "file" and (text := found.pop(known.name, "")):
            file = files.held(text, actor=current_actor(), kinds=known.kinds)
            if file is not None:
                found[known.name] = file.id
    return found


def fingerprint(raw: Mapping[str, Any], tables: Columns) -> dict[str, Any]:
    """What a form says, its files by their content: sent twice, they have other numbers."""

    def content(known: str, row: Mapping[str, Any]) -> Any:
        file = db.session.get(files.File, row[known])
        return file.sha256 if file is not None else None

    in_rows = {name: [known.name for known in own if known.kind == "file"] for name, own in tables.items()}

    def told(name: str, rows: Any) -> Any:
        return [{**row, **{one: content(one, row) for one in in_rows[name] if one in row}} for row in rows]

    return {name: told(name, value) if name in in_rows else value for name, value in raw.items()}


def _file_fields(form: Any) -> list[Any]:
    return [field for field in form if isinstance(field, forms.RawField) and field.kind == "file" and field.spec is not None]


def _given(name: str) -> FileStorage | None:
    """A file that was chosen, from its beginning: it may have been read before it was refused."""
    given = request.files.get(name)
    if not isinstance(given, FileStorage) or not given.filename:
        return None
    given.stream.seek(0)
    return given


def _held(name: str, known: Any) -> files.File | None:
    text = request.form.get(name, "")
    return files.held(text, actor=current_actor(), kinds=known.kinds) if text else None


def _say(name: str, text: str) -> None:
    """Let the form that was sent say this in a field."""
    rest = [(key, value) for key, values in request.form.lists() for value in values if key != name]
    request.form = ImmutableMultiDict([*rest, (name, text)])
