"""`flask inventory check`: do the books add up?"""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.shop.inventory.services import verify

inventory = AppGroup("inventory", help="Stock and its journal.")


@inventory.command("check")
def check() -> None:
    """Compare every stock with the sum of its journal and of what is reserved; exit 1 when one differs."""
    found = verify()
    for one in found:
        click.echo(str(one))
    click.echo(f"{len(found)} differences." if found else "The stock adds up.")
    sys.exit(1 if found else 0)
