"""`flask finance check`: do the books tell what happened? `flask finance catch-up`: book what nobody has booked."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.shop.finance.services import catch_up, verify

finance = AppGroup("finance", help="The ledger.")


@finance.command("check")
def check() -> None:
    """Compare the ledger with payments, refunds and sales; exit 1 when one differs."""
    found = verify()
    for one in found:
        click.echo(str(one))
    click.echo(f"{len(found)} differences." if found else "The ledger tells what happened.")
    sys.exit(1 if found else 0)


@finance.command("catch-up")
def book_the_rest() -> None:
    """Book the orders of which no entry tells, those that were there before the ledger."""
    click.echo(f"{catch_up()} orders booked.")
