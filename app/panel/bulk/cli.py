"""`flask import`: the same import without a web process, a worker or Valkey."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import click
import yaml
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _

from app.panel.bulk import drafts, loop, report, runs, store, undo
from app.panel.bulk.models import Run
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.sentences import sentence
from app.panel.bulk.states import RunState
from app.panel.core import bus
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError

GARBAGE = 50_000  # objects made before they are searched for those that nobody has any more


@click.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "layout", default="", help="Layout, such as shopify-orders or table:catalog.Brand; else recognised.")
@click.option("--map", "map_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Mapping (YAML).")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Option of the layout, or encoding=, delimiter=.")
@click.option("--dry-run", is_flag=True, help="Check and count only.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on the last line.")
@click.option("--undo", "undo_run", type=int, help="Take back the import with this number.")
@with_appcontext
def import_command(
    file: Path | None, layout: str, map_file: Path | None, settings: tuple[str, ...], dry_run: bool, as_json: bool,
    undo_run: int | None,
) -> None:  # fmt: skip
    """Bring orders, products, customers or any table in from a CSV or XLSX FILE."""
    if undo_run is None and file is None:
        raise click.UsageError("Name a file, or a run with --undo.")
    # The application stays: it need not be searched for garbage at every chunk, nor a chunk while it is worked on.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    try:
        with bus.quiet_when_away(current_app._get_current_object()):  # type: ignore[attr-defined]
            if file is None or undo_run is not None:
                run = _undo(undo_run or 0)
            else:
                run = _import(file, layout, _params(map_file, settings), dry_run)
    except BadFile as wrong:
        raise click.ClickException(sentence(wrong)) from None
    except DomainError as wrong:
        raise click.ClickException(str(wrong)) from None
    _tell(run, as_json)
    if run.state is RunState.FAILED:
        raise SystemExit(1)


def _import(file: Path, layout: str, params: dict[str, Any], dry_run: bool) -> Run:
    with file.open("rb") as stream:
        stored = store.keep(stream, file.name)
    layout = layout or params.pop("as", "")
    run = drafts.prepare(stored, actor=SYSTEM, importer=layout, params=params)
    if dry_run:
        runs.ask_check(run.id, actor=SYSTEM)
    else:
        runs.ask_start(run.id, actor=SYSTEM, unchecked=True)
    loop.work_off(run.id)
    run = _fresh(run.id)
    if dry_run and run.state is RunState.DRAFT:
        raise DomainError(run.error or _("The file could not be checked."))
    return run


def _undo(run_id: int) -> Run:
    back = undo.make(run_id, actor=SYSTEM)
    loop.work_off(back.id)
    return _fresh(back.id)


def _fresh(run_id: int) -> Run:
    return db.session.get_one(Run, run_id, populate_existing=True)


def _params(map_file: Path | None, settings: tuple[str, ...]) -> dict[str, Any]:
    """MAP.yaml holds `as`, `columns` (heading: field), `key` (fields), `decimal`, `options`, and how to read the file."""
    given = yaml.safe_load(map_file.read_text("utf-8")) if map_file else {}
    if not isinstance(given, dict):
        raise click.BadParameter("the mapping is no list of names and values", param_hint="--map")
    key = given.get("key") or []
    params: dict[str, Any] = {"options": dict(given.get("options") or {})}
    if given.get("columns"):
        columns = {str(heading): str(name) for heading, name in given["columns"].items()}
        params["mapping"] = {"columns": columns, "key": [key] if isinstance(key, str) else list(key),
                             "decimal": given.get("decimal") or ""}  # fmt: skip
    for name in ("as", "encoding", "delimiter", "sheet_name", "heading_line"):
        if given.get(name):
            params[name] = given[name]
    for setting in settings:
        name, _equals, value = setting.partition("=")
        (params if name in ("encoding", "delimiter", "sheet_name") else params["options"])[name] = value
    return params


def _tell(run: Run, as_json: bool) -> None:
    found = report.summary(run)
    for row in found["refused_rows"][:20]:
        click.echo(_("line %(line)s: %(reason)s", line=row.get("line") or "–", reason=row["reason"]), err=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(
        _("Run %(run)s: %(read)s records, %(new)s new, %(changed)s changed, %(same)s same, %(refused)s refused.", **found)
    )
    for currency, amount in found["totals"].items():
        click.echo(f"{amount} {currency}")
    if found["error"]:
        click.echo(found["error"], err=True)
