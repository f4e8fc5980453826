"""For whoever owns the machine: the way back in when nobody can log in any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.panel.accounts import firstrun, queries, services
from app.panel.accounts.configuration import commands
from app.panel.accounts.configuration.commands import config as config
from app.panel.accounts.login import forgotten
from app.panel.accounts.models import User
from app.panel.accounts.secondperson import switch
from app.panel.core import history, twopeople
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError

accounts = AppGroup("accounts", help="Accounts: one-time links, switching on and off, the address of the first run.")


@accounts.command("link")
@click.argument("name")
def link(name: str) -> None:
    """Print an address with which NAME (user name or e-mail) sets a new password, once, within 72 hours."""
    user = _user(name)
    with history.by("cli"):
        token = _plainly(lambda: services.make_link(user, actor=SYSTEM))
    click.echo(f"{current_app.config['PUBLIC_URL']}/welcome/{token}/")


@accounts.command("reset-link")
@click.argument("name")
def reset_link(name: str) -> None:
    """Print an address with which NAME sets a new password, once, within 30 minutes; older ones stay in force."""
    user = _user(name)
    with history.by("cli"):
        token = _plainly(lambda: services.make_link(user, actor=SYSTEM, lasts=forgotten.LASTS, alone=False))
    click.echo(f"{current_app.config['PUBLIC_URL']}/welcome/{token}/")


@accounts.command("reset-two-step")
@click.argument("name")
def reset_two_step(name: str) -> None:
    """Take the second step of NAME away; the sessions end, and the person is told."""
    user = _user(name)
    with history.by("cli"):
        _plainly(lambda: services.reset_two_step(user, actor=SYSTEM))
    click.echo(f"{user.username} logs in by password alone until the second step is set up again.")


@accounts.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Switch the account NAME on."""
    _switch(name, True)


@accounts.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Switch the account NAME off; its sessions end at once."""
    _switch(name, False)


@accounts.command("second-person")
@click.argument("state", type=click.Choice(["on", "off"]))
def second_person(state: str) -> None:
    """Let changes of rights wait for a second person, or end that; all administrators are told."""
    with history.by("cli"):
        _plainly(lambda: switch.turn(state == "on"))
    click.echo(f"Changes of rights {'wait for a second person' if state == 'on' else 'hold without a second person'}.")


@accounts.command("setup-url")
def setup_url() -> None:
    """Print a new address of the first-run page, while the instance has no owner."""
    url = firstrun.setup_url(current_app._get_current_object())  # type: ignore[attr-defined]
    if url is None:
        raise click.ClickException("this instance has an owner; use `flask accounts link NAME`.")
    click.echo(url)


def _switch(name: str, active: bool) -> None:
    user = _user(name)
    with history.by("cli"):
        _plainly(lambda: services.set_active(user, active, actor=SYSTEM))
    click.echo(f"{user.username} is {'enabled' if active else 'disabled'}.")


def _user(name: str) -> User:
    user = queries.by_login(name)
    if user is None:
        raise click.ClickException(f"there is no account {name!r}.")
    return user


def _plainly(call: Callable[[], Any]) -> Any:
    """A rule that was broken is a sentence on the terminal, not a traceback."""
    try:
        return call()
    except DomainError as error:
        raise click.ClickException(error.message) from error
    except twopeople.AnotherPersonNeeded as needed:
        raise click.ClickException(commands.let_wait(needed)) from needed
