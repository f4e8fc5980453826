"""`flask live replay FILE`, `flask live simulate`: a session through the intake of a running instance, and what it counted."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.catalog.models import Sku
from app.shop.live import queries
from app.shop.live.feed import chorus, logs, replaying
from app.shop.live.feed.envelope import Event, Malformed
from app.shop.live.feed.simulator import Plan, Simulator
from app.shop.live.models import LiveGame
from app.shop.live.services import games, prices
from app.shop.live.states import ItemKind

live = AppGroup("live", help="Live sessions.")
SESSION = click.option(
    "--session", "session_id", type=int, help="Of the session; else a rehearsal is made for it, which ends with the command."
)
SPEED = click.option("--speed", default=1.0, show_default=True, help="60 plays an hour in a minute; 0 as fast as it goes.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on the last line.")
ADDRESS = click.option("--url", default="", help="Of the instance; else this machine and its port.")


@live.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@SESSION
@SPEED
@click.option("--doubled", default=0.0, help="Send this part a second time, such as 0.05.")
@click.option("--shuffled", default=0.0, help="Send this part out of order, such as 0.1.")
@ADDRESS
@AS_JSON
def replay(
    file: Path, session_id: int | None, speed: float, doubled: float, shuffled: float, url: str, as_json: bool
) -> None:
    """Play a recorded log: Bilibili comments (.jsonl, .gz), files of its recorders (.xml), or events of ours, one a line."""
    events: Iterable[Event] = logs.read(file)
    if doubled or shuffled:
        events = replaying.mixed(_read(events), doubled, shuffled)
    minutes = 0 if session_id else _minutes(file)
    _play(events, session_id, file.name, minutes, speed, url, as_json)


def _minutes(file: Path) -> int:
    """It is read once before it is played: a session is made only for a log that can be read to its end."""
    try:
        return replaying.minutes_of(logs.read(file))
    except Malformed as error:
        raise click.ClickException(str(error)) from None


@live.command("simulate")
@SESSION
@SPEED
@click.option("--minutes", default=30, show_default=True)
@click.option("--peak", default=300, show_default=True, help="How many watch at most.")
@click.option("--seed", default=7, show_default=True, help="The same seed makes the same session.")
@ADDRESS
@AS_JSON
def simulate(
    session_id: int | None, speed: float, minutes: int, peak: int, seed: int, url: str, as_json: bool
) -> None:
    """Make a session that never was, with a wrong price, an item that is sold out, viewers who go and a gap, and play it."""
    items = _items(session_id)
    plan = Plan(int(clock.now().timestamp() * 1000), minutes, peak=peak, seed=seed)
    if items:
        goods = tuple((position, price) for position, price, _code in items)
        plan = replace(plan, items=goods, codes=tuple((position, code) for position, _price, code in items))
    _play(Simulator(plan).events(), session_id, f"Simulation {seed}", minutes, speed, url, as_json, joins=True)


def _items(session_id: int | None) -> list[tuple[int, int, str]]:
    """Position, price and code of what the lines of a run sheet sell; of a line of a product its first SKU."""
    if session_id is None:
        return []
    found = []
    for line in db.session.scalars(queries.items_of(session_id)):
        goods = prices.goods_of(line) if line.kind is ItemKind.ITEM else []
        if goods:
            sku = db.session.get_one(Sku, goods[0])
            found.append((line.position, line.live_price or sku.price, sku.code))
    return found


def _here() -> str:
    """The instance on this machine. Where it speaks TLS with a certificate of its own, its authority is the one that counts."""
    folder, port = current_app.config.get("TLS_FOLDER"), current_app.config["SERVER_PORT"]
    if folder is None:
        return f"http://127.0.0.1:{port}"
    if (folder / "ca.pem").is_file():
        os.environ["SSL_CERT_FILE"] = str(folder / "ca.pem")
    return f"https://localhost:{port}"


def _read(events: Iterable[Event]) -> list[Event]:
    try:
        return list(events)
    except Malformed as error:
        raise click.ClickException(str(error)) from None


@live.command("draw-again")
@click.argument("game_id", type=int)
@AS_JSON
def draw_again(game_id: int, as_json: bool) -> None:
    """Make a draw again from its kept takers and its seed, and say whether the winners are the same."""
    game = db.session.get(LiveGame, game_id)
    if game is None:
        raise click.ClickException(f"There is no game {game_id}.")
    try:
        again = games.draw_again(game)
    except DomainError as error:
        raise click.ClickException(error.message) from None
    told = asdict(again) | {"same": again.same, "game": game_id}
    if as_json:
        click.echo(json.dumps(told, default=list))
    else:
        click.echo(f"{'The same' if again.same else 'It differs'}: {', '.join(again.drawn) or 'nobody'}.")
        for name in ("seed_fits", "takers_fit", "count_fits", "winners_fit"):
            click.echo(f"  {name.replace('_', ' ')}: {'yes' if told[name] else 'no'}")
    sys.exit(0 if again.same else 1)


def _play(
    events: Iterable[Event], session_id: int | None, title: str, minutes: int, speed: float, url: str, as_json: bool,
    joins: bool = False,
) -> None:  # fmt: skip
    address = url.rstrip("/") or _here()
    made = None  # the feed of a rehearsal that ends with us
    try:
        feed = replaying.feed_for(session_id, title, minutes=minutes)
        made = feed.id if session_id is None else None
        said = chorus.joining(events, feed.session_id) if joins else events
        done = replaying.play(feed, said, address, speed, lambda text: click.echo(text, err=True))
    except (DomainError, Malformed, RuntimeError) as error:
        raise click.ClickException(str(getattr(error, "message", error))) from None
    finally:
        if made is not None:
            replaying.over(made)
    told: dict[str, Any] = {**asdict(done), "seconds": round(done.seconds, 2), "agrees": done.agrees}
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(
            f"{done.sent:,} sent, {done.accepted:,} accepted, {done.doubled:,} doubled, {done.stored:,} stored in "
            f"{done.seconds:.1f} s (session {done.session})."
        )
        for name, number in done.counted.items():
            click.echo(f"  {name}: {number:,} counted{'' if number == done.expected[name] else f', {done.expected[name]:,} sent'}")
    sys.exit(0 if done.agrees else 1)
