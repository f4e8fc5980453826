"""`flask audit`: check the trail, seal it, let old lines go. For whoever owns the machine, and for a cron job elsewhere."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from app.panel.core import chain, chain_check, history, retention
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError

audit = AppGroup("audit", help="The trail: check its seals, seal it now, remove what is too old.")


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.option("--expect", default="", help="A seal written down earlier, which has to be there still.")
def verify(as_json: bool, expect: str) -> None:
    """Compute every seal of the trail again; name the first block and line that differ, and exit 1."""
    verdict = chain_check.check(expect)
    if as_json:
        click.echo(json.dumps(_plain(verdict)))
    else:
        click.echo(_said(verdict))
    sys.exit(0 if verdict.ok else 1)


@audit.command("seal")
def seal() -> None:
    """Seal what was committed since the last time, without waiting for the ticker."""
    click.echo(f"{chain.seal()} blocks sealed.")


@audit.command("forget")
def forget() -> None:
    """Remove what is older than the setting says; the digests stay."""
    before = retention.horizon()
    if before is None:
        raise click.ClickException("the trail is kept for ever; change it in the settings.")
    try:
        with history.by("cli"):
            click.echo(f"{retention.forget(before, actor=SYSTEM)} lines removed.")
    except DomainError as error:
        raise click.ClickException(error.message) from error


def _plain(verdict: chain_check.Verdict) -> dict[str, Any]:
    return {
        "ok": verdict.ok, "blocks": verdict.blocks, "lines": verdict.lines, "unsealed": verdict.unsealed,
        "erased": verdict.blotted, "removed": verdict.removed, "late": verdict.late, "block": verdict.head_block,
        "seal": verdict.head, "until": verdict.until_at.isoformat() if verdict.until_at else None,
        "faults": [{"what": one.what, "block": one.block or None, "line": one.line or None} for one in verdict.faults],
    }  # fmt: skip


def _said(verdict: chain_check.Verdict) -> str:
    if verdict.ok:
        until = verdict.until_at.isoformat(timespec="seconds") if verdict.until_at else "nothing yet"
        besides = f"{verdict.unsealed} not sealed yet, {verdict.blotted} erased, {verdict.removed} removed, {verdict.late} late"
        whole = f"The trail holds: {verdict.lines} lines in {verdict.blocks} blocks, sealed until {until} ({besides})."
        return f"{whole}\nThe newest seal: {verdict.head or '–'}"
    lines = []
    for one in verdict.faults:
        where = ", ".join(part for part in (one.block and f"block {one.block}", one.line and f"line {one.line}") if part)
        lines.append(f"The trail is broken{f' at {where}' if where else ''}: {chain_check.WORDS[one.what]}.")
    return "\n".join(lines)


def init_app(app: Flask) -> None:
    app.cli.add_command(audit)
