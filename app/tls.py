"""`flask --app app tls make | show`: the certificate of this instance for the names and addresses of the shop's network."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.panel.core.late import Late
from app.panel.core.security import own_names
from processes import tls

segno = Late("segno")
FOLDER = "tls"
group = AppGroup("tls", help="TLS on the shop's network: a certificate of our own.")


def _certificates() -> Any:
    """Loaded by these commands alone: no server needs to know how certificates are made."""
    return import_module("processes.certificates")


def _folder() -> Path:
    return current_app.config.get("TLS_FOLDER") or Path(current_app.config["HOME"]) / FOLDER


@group.command("make")
@click.option("--name", "names", multiple=True, help="Another name or address under which the panel is called.")
@click.option("--days", default=tls.DAYS, show_default=True, help="How long the certificate is good.")
@click.option("--new-ca", is_flag=True, help="Make another authority; phones must install it anew.")
def make(names: tuple[str, ...], days: int, new_ca: bool) -> None:
    """Make the certificate, or renew it by the same authority: then nothing changes for the phones."""
    try:
        made = _certificates().make(_folder(), [*_own(), *names], days, new_ca)
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None
    click.echo(f"{'A new authority was made.' if made.is_new_ca else 'Renewed by the authority that was there.'}")
    _say(_folder())
    if current_app.config.get("TLS_FOLDER") is None:
        click.echo(f"\nWrite into .env and start again:\n\n  ZHANGGUI_TLS={FOLDER}\n  ZHANGGUI_HTTP_PORT=8081\n  HOST=0.0.0.0")
    name = next((one for one in _own() if one.count(".") == 3 and not one.startswith("127.")), _own()[0])
    page = f"http://{name}:{current_app.config.get('HTTP_PORT') or 8081}/"
    click.echo(f"\nPhones install the authority from {page}\n")
    segno.make(page, error="l").terminal(sys.stdout, compact=True)


@group.command("show")
def show() -> None:
    """Names, days that are left and the fingerprint of the authority; ends with 1 when it has to be renewed soon."""
    if sentence := tls.fault(_folder()):
        raise click.ClickException(sentence)
    _say(_folder())
    sys.exit(1 if _certificates().days_left(_folder()) < tls.SOON else 0)


def _own() -> list[str]:
    """What this machine is called, without addresses that the authority could not sign."""
    return [one for one in dict.fromkeys(own_names()) if not one.startswith("fe80")]


def _say(folder: Path) -> None:
    click.echo(f"Names: {', '.join(_certificates().names_of(folder))}")
    click.echo(f"Good for {_certificates().days_left(folder)} more days ({folder / tls.CERT}).")
    if tls.is_own(folder):
        click.echo(f"Fingerprint of the authority (SHA-256):\n  {_certificates().fingerprint(folder / tls.CA)}")
