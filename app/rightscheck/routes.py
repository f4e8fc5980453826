"""Every rule of the URL map with every meaning of its arguments; and calls that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from app.panel.core.db import db
from app.panel.core.fields import specs
from app.rightscheck.world import World

ARGUMENTS = {
    "product_id": "catalog_product", "sku_id": "catalog_sku", "shop_id": "setup_shop", "channel_id": "setup_channel",
    "count_id": "inventory_stock_count", "shipment_id": "orders_shipment",
    "user_id": "ab_user",
    "kept_id": "customers_customer", "application_id": "setup_org_application", "attachment_id": "setup_org_attachment",
    "live_id": "live_session", "line_id": "live_item", "check_id": "live_check", "question_id": "live_question",
    "rehearsal_id": "live_rehearsal",
    "outlet_id": "live_outlet", "out_id": "live_out",
    "game_id": "live_game",
    "run_id": "bulk_run", "row_id": "orders_order", "change_id": "accounts_waiting_change", "schedule_id": "core_schedule",
    "repeat_id": "upkeep_repeat", "promotion_id": "marketing_promotion",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One address of a rule with its arguments filled in. `part` says which operation or field, where a rule has many."""

    rule: str
    method: str
    path: str
    endpoint: str
    part: str = ""
    table: str = ""
    form: tuple[tuple[str, str], ...] = ()
    body: str = ""  # as JSON

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}" + (f" {self.part}" if self.part else "")


def views_by_name(app: Flask) -> dict[str, Any]:
    return {
        view.blueprint.name: view for view in app.extensions["appbuilder"].baseviews if getattr(view, "blueprint", None)
    }


def calls(world: World, side: str = "A", person: str = "") -> Iterator[Call]:
    """Every rule of the URL map with every method and every meaning of its arguments.

    :raises AssertionError: for an argument of which nobody said what stands for it
    """
    views, addresses = views_by_name(world.app), world.app.url_map.bind("localhost")
    for rule in sorted(world.app.url_map.iter_rules(), key=str):
        view = views.get(rule.endpoint.partition(".")[0])
        model = getattr(getattr(view, "view", view), "model", None)
        table = getattr(model, "__tablename__", "")
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            for part, arguments in _arguments(world, rule, view, table, side, person):
                path = addresses.build(rule.endpoint, arguments, method=method)
                form = (
                    (("action", part), ("rowid", str(_row_of(world, table, side, person))))
                    if part and rule.endpoint.endswith(".action_post")
                    else ()
                )
                yield Call(str(rule), method, path, rule.endpoint, part, table, form)


def _arguments(
    world: World, rule: Rule, view: Any, table: str, side: str, person: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    names = rule.arguments
    given: dict[str, Any] = {
        n: world.id_of(side, ARGUMENTS[n], person) for n in names if n in ARGUMENTS
    }
    for name in names - set(given):
        if name == "pk":
            given[name] = _row_of(world, table, side, person)
        elif name == "entry_id":
            given[name] = world.trash[side].get(table or "catalog_brand", 1)
        elif name == "role_key":
            given[name] = "support"
        elif name == "of":
            given[name] = "orders.Order"
        elif name in ("filename", "path", "tag", "source", "token", "signed", "public_id"):
            given[name] = "x"
        elif name in ("saved_id", "publication_id", "remark_id", "template_id"):
            given[name] = 1
        elif name == "list_key":
            given[name] = "orders_order"
        elif name == "column":
            given[name] = "external_number"
        elif name == "locale":
            given[name] = "en"
        elif name == "verb":
            given[name] = "say"  # a command of every console
        elif name not in ("name", "resource", "field"):
            raise AssertionError(f"{rule}: say in app/rightscheck/routes.py what stands for <{name}>")
    if "name" in names:
        yield from ((verb.name, {**given, "name": verb.name}) for verb in view.verbs.values() if verb.single)
    elif rule.endpoint.endswith(".action_post"):
        yield from ((verb.name, given) for verb in view.verbs.values() if verb.many)
        yield "", given
    elif {"resource", "field", "pk"} <= names:
        yield "", {"resource": "customers.Customer", "field": "phone", "pk": world.id_of(side, "customers_customer", person)}
    elif {"resource", "pk"} <= names:
        yield "", given | {"resource": "customers.Customer", "pk": world.id_of(side, "customers_customer", person)}
    elif {"resource", "field"} <= names:
        yield from ((f"{r} {f}", {"resource": r, "field": f}) for r, f in picker_fields(world.app))
    else:
        yield "", given


def _row_of(world: World, table: str, side: str, person: str) -> int:
    return world.users["ben" if side == "A" else "cleo"] if table == "ab_user" else world.id_of(side, table, person)


def picker_fields(app: Flask) -> list[tuple[str, str]]:
    return [
        (resource, spec.name)
        for resource, model in sorted(app.extensions["panel_models"].items())
        for spec in dict.fromkeys(specs(model).values() if hasattr(model, "id") else ())
        if spec.kind in ("ref", "many") and spec.target is not None
    ]


@contextmanager
def undone(app: Flask, first: Callable[[], None] = lambda: None) -> Iterator[Callable[[], None]]:
    """Everything inside is one transaction that never ends well; the function undoes what happened since it was called.

    :param first: does what stays until the end
    """
    with app.app_context():
        engines = db.engines
        engine = engines[None]
        connection = engine.connect()
        outer = connection.begin()
        connection.name = engine.name
        engines[None] = connection
        factory = db.session.session_factory
        factory.configure(join_transaction_mode="create_savepoint")
        first()
        points, kept = [connection.begin_nested()], []
        sa.event.listen(connection, "release_savepoint", lambda *_what: kept.append(True))

        def undo() -> None:
            db.session.remove()  # what was not committed goes with it
            if kept:
                points.pop().rollback()
                points.append(connection.begin_nested())
                kept.clear()

        try:
            yield undo
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            engines[None] = engine
            factory.kw.pop("join_transaction_mode", None)
