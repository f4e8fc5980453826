"""The configuration on the command line: `flask config export | import`."""

from __future__ import annotations

from typing import IO

import click
from flask.cli import AppGroup

from app.panel.accounts.configuration import exchange, publishing, store
from app.panel.accounts.configuration.differences import role_word
from app.panel.accounts.configuration.document import Document
from app.panel.accounts.secondperson import waiting
from app.panel.core import history, twopeople
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError

config = AppGroup("config", help="Roles, rights, rules and menu as one file.")


@config.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--draft", is_flag=True, help="The draft instead of what is published.")
def export(file: IO[str], draft: bool) -> None:
    """Write what is published to FILE, or to the terminal."""
    file.write(exchange.to_yaml(store.draft().document if draft else store.published()))


@config.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--publish", is_flag=True, help="Publish it at once, confirmed; without it the file becomes the draft.")
@click.option("--note", default="", help="What it is for; needed with --publish.")
def import_(file: IO[str], dry_run: bool, publish: bool, note: str) -> None:
    """Make FILE the draft, after saying what it changes."""
    if publish and not note.strip():
        raise click.UsageError("--publish needs --note.")
    try:
        wanted = exchange.from_yaml(file.read())
        _tell(store.published(), wanted)
        with history.by("cli"):
            _take(wanted, dry_run, publish, note)
    except DomainError as error:
        sentences = getattr(error, "errors", None) or {"": error.message}
        raise click.ClickException("; ".join(f"{at}: {text}" if at else str(text) for at, text in sentences.items())) from error
    except UnicodeDecodeError as error:
        raise click.ClickException("the file is no text in UTF-8.") from error


def _take(wanted: Document, dry_run: bool, publish: bool, note: str) -> None:
    if dry_run:
        exchange.check(wanted)
        click.echo("Nothing was changed.")
        return
    exchange.take(wanted, actor=SYSTEM)
    if not publish:
        click.echo("It is the draft now. Publish it on the page of changes.")
    elif store.draft().begun:
        try:
            click.echo(f"Published as number {publishing.publish(note=note, actor=SYSTEM, confirmed=True).id}.")
        except twopeople.AnotherPersonNeeded as needed:
            click.echo(let_wait(needed))


def let_wait(needed: twopeople.AnotherPersonNeeded) -> str:
    """Keep what a second person has to confirm; what to tell on the terminal."""
    return f"A second person has to confirm this: it waits as number {waiting.keep(needed).id} under Changes."


def _tell(before: Document, after: Document) -> None:
    changes = publishing.differences(before, after)
    for change in changes:
        click.echo(f"{role_word(change.role, after, before) if change.role else 'Menu'}: {change.sentence}")
    if not changes:
        click.echo("It says what is published already.")
