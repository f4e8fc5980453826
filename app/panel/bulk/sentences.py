"""The sentences behind the codes of `reading`: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk.reading.problems import Problem

SENTENCES: dict[str, Any] = {
    "empty": _("The file is empty."),
    "encoding_unknown": _("There is no encoding called “%(encoding)s”."),
    "encoding_broken": _("The text does not fit the encoding that was chosen. Choose another one."),
    "delimiter_unknown": _("A delimiter is one character, such as a comma or a semicolon."),
    "csv_too_large": _("The file is larger than %(limit)s MB. Split it and bring the parts one after the other."),
    "sheet_too_large": _("The spreadsheet is larger than %(limit)s MB. In your spreadsheet program, save as CSV and bring that."),
    "sheet_rows": _("The sheet has more than %(limit)s rows. In your spreadsheet program, save as CSV and bring that."),
    "sheet_broken": _("The spreadsheet is damaged. Open it in your spreadsheet program and save it again, best as CSV."),
    "sheet_locked": _("The spreadsheet is protected by a password. Save it without one."),
    "sheet_unknown": _("The spreadsheet has no sheet called “%(sheet)s”."),
    "zip_no_sheet": _("This is a ZIP archive and no spreadsheet. Unpack it and bring the file inside."),
    "zip_bomb": _("The spreadsheet unpacks to far more than its size: it is refused. Save as CSV and bring that."),
    "too_heavy": _("The file needs more memory or time than an import may take. Save as CSV, or split it."),
    "memory": _("The file needs more memory than an import may take. Save as CSV, or split it."),
    "too_many_rows": _("The file has more than %(limit)s rows. Split it and bring the parts one after the other."),
    "too_many_columns": _("The file has %(count)s columns; %(limit)s are the most. Is the delimiter right?"),
    "heading_line": _("Line %(line)s does not exist or is empty."),
    "quote_open": _("A quotation mark in line %(line)s is never closed."),
    "csv_broken": _("The rows cannot be read from line %(line)s on."),
    "not_a_table_html": _("This is a web page, though it may be called .xls. Open it in a spreadsheet program and save as CSV."),
    "not_a_table_pdf": _("This is a PDF. Bring the table as CSV or XLSX."),
    "not_a_table_gzip": _("The file is compressed. Unpack it first."),
    "not_a_table_rar": _("The file is an archive. Unpack it first."),
    "not_a_table_image": _("This is a picture. Bring the table as CSV or XLSX."),
    "too_many_cells": _("The row has %(count)s cells, the headings only %(width)s. Is a quotation mark missing?"),
    "cut_row": _("The file ends in the middle of this row. Was the upload cut off?"),
    "cell_too_long": _("“%(column)s” holds %(length)s characters; %(limit)s are the most."),
    "nul": _("“%(column)s” holds a character with the code zero, which no text has."),
    "id_damaged": _(
        "“%(value)s” was damaged by a spreadsheet: its last digits are lost. Export the file again, do not open it before."
    ),
    "not_a_number": _("“%(value)s” is no number."),
    "number_too_large": _("“%(value)s” is too large."),
    "too_many_decimals": _("“%(value)s” has more than %(decimals)s decimals."),
    "not_whole": _("“%(value)s” is no whole number."),
    "not_yes_no": _("“%(value)s” is neither yes nor no."),
    "not_an_instant": _("“%(value)s” is no date and time."),
    "not_a_day": _("“%(value)s” is no date."),
    "no_such_day": _("“%(value)s”: there is no such day."),
    "day_or_month": _("“%(value)s”: which number is the day? Choose the order of day and month."),
    "missing": _("“%(column)s” is missing."),
    "not_a_choice": _("“%(value)s” is none of the values of this field."),
    "not_found": _("“%(value)s” is not known."),
    "several_found": _("“%(value)s” fits several rows."),
    "too_long": _("“%(value)s” is longer than %(limit)s characters."),
    "repeated": _("The same record stands in line %(line)s already, with other values."),
    "no_heading": _("The file has no column “%(column)s”."),
    "unknown_currency": _("“%(value)s” is no currency."),
    "file_gone": _("The file of this import is no longer kept."),
    "not_an_email": _("“%(value)s” is no e-mail address."),
    "nobody": _("The row names nobody: no name, phone or e-mail."),
    "sentence": "%(text)s",
    "negative": _("“%(value)s” is below zero."),
}


def sentence(problem: Problem, column: str = "") -> str:
    """The translated sentence; with `column`, the heading it is about stands before it."""
    return explain(problem.code, problem.params, column)


def explain(code: str, params: dict[str, Any], column: str = "") -> str:
    words = SENTENCES.get(code)
    said = str(words) % params if words is not None else code
    return f"{column}: {said}" if column else said
