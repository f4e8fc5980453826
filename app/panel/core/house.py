"""`flask domains` prints the house: who stands on whom. A test holds the picture in the documents to it."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.panel.core.domain import Domain


def picture(domains: list[Domain]) -> str:
    """One line a storey, the highest first: a domain stands one above the highest of those that it needs."""
    lines = []
    for tier in dict.fromkeys(domain.package.rpartition(".")[0] for domain in reversed(domains)):
        here = {domain.key: domain for domain in domains if domain.package.rpartition(".")[0] == tier}
        levels = _levels(here)
        for level in range(max(levels.values(), default=0), -1, -1):
            keys = sorted(key for key, at in levels.items() if at == level)
            lines.append("   ".join(_said(here[key]) for key in keys))
        lines.append("─" * 72)
    return "\n".join([*lines, "core"])


def _levels(domains: dict[str, Domain]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for key, domain in domains.items():  # in the loader's order: those needed come first
        levels[key] = max((levels[need] + 1 for need in domain.needs if need in levels), default=0)
    return levels


def _said(domain: Domain) -> str:
    return f"{domain.key} ({', '.join(domain.needs)})" if domain.needs else domain.key


@click.command("domains")
@with_appcontext
def show() -> None:
    """Print the domains and what each of them needs."""
    click.echo(picture(current_app.extensions["panel_domains"]))


def init_app(app: Flask) -> None:
    app.cli.add_command(show)
