"""`flask search`: build the index anew, and say how it stands. For whoever owns the machine."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from app.panel.core.db import db
from app.panel.core.finding import keeper, storage
from app.panel.core.finding.plans import Plan, plans

search = AppGroup("search", help="The search index: build it anew, say how far it is behind.")


def init_app(app: Flask) -> None:
    app.cli.add_command(search)


@search.command("rebuild")
@click.option("--table", "tables", multiple=True, help="Only this table; may be given several times.")
@click.option("--resume", is_flag=True, help="Go on where a rebuild was broken off.")
def rebuild(tables: tuple[str, ...], resume: bool) -> None:
    """Build the index from the rows. The panel may be in use meanwhile, and a rebuild that is broken off loses nothing:
    the ticker goes on with it, or this command with --resume."""
    chosen = [plan for plan in plans().values() if not tables or plan.table in tables]
    if unknown := set(tables) - {plan.table for plan in chosen}:
        raise click.BadParameter(f"not in the index: {', '.join(sorted(unknown))}", param_hint="--table")
    _use_trigrams()
    if resume:
        chosen = [plan for plan in chosen if plan.table in keeper.behind().unbuilt]
    else:
        for plan in chosen:
            keeper.begin_anew(plan)
    for table, reached, highest in keeper.rebuild(_by_name(chosen)):
        percent = 100 if not highest else reached * 100 // highest
        click.echo(f"{table}: {reached} of {highest} ({percent} %)")
    while keeper.follow():
        pass
    click.echo(_standing())


@search.command("status")
def status() -> None:
    """Say how many changes are not in the index yet, and which tables are not built."""
    click.echo(_standing())


def _by_name(chosen: list[Plan]) -> list[Plan]:
    return sorted(chosen, key=lambda plan: plan.table)


def _use_trigrams() -> None:
    connection = db.session.connection()
    if connection.dialect.name != "sqlite" and not storage.has_trigrams():
        storage.add_trigrams(connection)
        db.session.commit()
        storage.forget_how()


def _standing() -> str:
    found = keeper.behind()
    lines = [f"{found.changes} changes are not in the index yet, the oldest for {found.seconds:.0f} s."]
    if found.unbuilt:
        lines.append(f"Not built yet: {', '.join(found.unbuilt)}.")
    if not storage.has_trigrams():
        lines.append("PostgreSQL has no pg_trgm here: searching goes through the table of grams, which is larger and slower.")
    return "\n".join(lines)
