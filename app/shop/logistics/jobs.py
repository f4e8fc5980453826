"""What logistics does by the clock: ask couriers for numbers and for news, and look for what stands still."""

from __future__ import annotations

import datetime as dt

from flask_babel import force_locale
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.jobs import job, scheduled
from app.shop.logistics import services
from app.shop.logistics.adapters import ADAPTERS, Asked, CourierRefusal, WaybillWish
from app.shop.logistics.models import Courier, CourierLink
from app.shop.logistics.services import rehearsing, waybills
from app.shop.setup.queries import business


@job("logistics.fetch_waybills", timeout=300, tries=3)
def fetch_waybills(limit: int = 200) -> dict[str, int]:
    """Ask couriers for the numbers that people wait for. Whoever is asked twice under one key answers with one number."""
    wishes = [
        (one.id, one.courier.link, WaybillWish(f"{one.id}:{one.key}", one.courier.formats or "", one.order.city or ""))
        for one in waybills.waiting(limit)
    ]
    db.session.rollback()  # nothing is held open while couriers think
    given = 0
    with force_locale(_language()):
        for key, link, wish in wishes:
            number, refusal = _ask(link, wish)
            waybills.settle(key, number=number, refusal=refusal, actor=SYSTEM)
            given += bool(number)
    return {"given": given, "refused": len(wishes) - given}


def _ask(link: CourierLink, wish: WaybillWish) -> tuple[str, str]:
    """A number, or why there is none."""
    if (adapter := ADAPTERS.get(link)) is None:
        return "", str(_("The connection of this courier was taken away."))
    try:
        return adapter.waybill(wish), ""
    except CourierRefusal as no:
        return "", no.message


@job("logistics.give_up_number", timeout=60, tries=3)
def give_up_number(courier_id: int, number: str) -> None:
    """Tell a courier that a number is not needed."""
    courier = db.session.get(Courier, courier_id)
    adapter = ADAPTERS.get(courier.link) if courier else None
    db.session.rollback()
    if adapter is not None:
        adapter.void(number)


@scheduled("logistics.ask_couriers", cron="*/15 * * * *", label=_("Ask couriers where parcels are"))
@job("logistics.ask_couriers", timeout=600)
def ask_couriers(limit: int = 500) -> dict[str, int]:
    """News of parcels on their way; also follows what left before its courier was known, and finds what stands still."""
    services.ensure_couriers()
    fetch_waybills()
    followed, news = services.catch_up(), 0
    with force_locale(_language()):
        for courier in list(db.session.scalars(select(Courier).where(Courier.is_active).order_by(Courier.id))):
            if (adapter := ADAPTERS.get(courier.link)) is None:
                continue
            asked = [Asked(one.number, one.shipped_at, one.order.city or "") for one in services.to_ask(courier.id, limit)]
            told = list(adapter.trace(asked))
            for start in range(0, len(told), 200):
                news += len(services.receive(courier, told[start : start + 200], actor=SYSTEM))
    return {"followed": followed, "news": news, "standing": services.note_standing()}


@scheduled("logistics.flag_silent", cron="5-55/10 * * * *", label=_("List orders whose parcels nobody has heard of"))
@job("logistics.flag_silent", timeout=120)
def flag_silent(limit: int = 500) -> dict[str, int]:
    """Every ten minutes; what exceeds the limit waits for the next time."""
    return {"silent": services.flag_silent(limit=limit)}


@flag_silent.rehearses
def would_flag_silent(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_flag_silent(at, limit)


@scheduled("logistics.compensate", cron="2-52/10 * * * *", label=_("Propose compensation for orders past their time to ship"))
@job("logistics.compensate", timeout=120)
def compensate(limit: int = 500) -> dict[str, int]:
    """Every ten minutes; what exceeds the limit waits for the next time."""
    return {"made": services.make_due(limit=limit)}


@compensate.rehearses
def would_compensate(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_compensate(at, limit)


def _language() -> str:
    owner = business()
    return owner.language if owner else "en"
