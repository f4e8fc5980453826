"""Courier companies: the usual ones, which one a name means, and whether a number can be one of theirs."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import exists, select

from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.logistics import formats
from app.shop.logistics.models import Courier
from app.shop.setup.queries import business

# code: name, how else it is written, its numbers, its service line
USUAL: dict[str, tuple[Any, str, str, str]] = {
    "SF": (lazy_gettext("SF Express"), "顺丰, 顺丰速运, 顺丰快递", "SF#{12,13} #{12} #{15}", "95338"),
    "ZTO": (lazy_gettext("ZTO Express"), "中通, 中通快递", "#{12} #{14,15} ZT#{12,13}", "95311"),
    "YTO": (lazy_gettext("YTO Express"), "圆通, 圆通速递, 圆通快递", "YT#{13} YT#{15} #{10} #{12}", "95554"),
    "STO": (lazy_gettext("STO Express"), "申通, 申通快递", "#{12,13} #{15}", "95543"),
    "YUNDA": (lazy_gettext("Yunda Express"), "韵达, 韵达快递, 韵达速递", "#{13} #{15}", "95546"),
    "JD": (lazy_gettext("JD Logistics"), "京东, 京东物流, 京东快递", "JD*{11,16}", "950616"),
    "EMS": (lazy_gettext("EMS"), "邮政特快, 邮政特快专递, 中国邮政速递", "@{2}#{9}CN #{13}", "11183"),
    "JT": (lazy_gettext("J&T Express"), "极兔, 极兔速递, 极兔快递", "JT#{13} #{12,15}", "956025"),
    "DBL": (lazy_gettext("Deppon Express"), "德邦, 德邦快递, 德邦物流", "DPK#{12} #{8,10} #{12}", "95353"),
    "CHINAPOST": (lazy_gettext("China Post"), "中国邮政, 邮政快递包裹, 邮政包裹", "@{2}#{9}CN #{13}", "11183"),
}
# as English files write those whose code is not enough
ENGLISH = {
    "sfexpress": "SF", "ztoexpress": "ZTO", "ytoexpress": "YTO", "stoexpress": "STO", "yundaexpress": "YUNDA", "yd": "YUNDA",
    "jdlogistics": "JD", "jdexpress": "JD", "j&t": "JT", "j&texpress": "JT", "deppon": "DBL", "depponexpress": "DBL",
    "chinapost": "CHINAPOST", "shunfeng": "SF", "zhongtong": "ZTO", "yuantong": "YTO", "shentong": "STO", "jtexpress": "JT",
}  # fmt: skip


@transactional
def ensure_couriers() -> int:
    """Make the usual courier companies in a house that has none, in the language of the business; how many."""
    if db.session.scalar(select(exists().where(Courier.id.is_not(None)))):
        return 0
    owner = business()
    with force_locale(owner.language if owner else "en"):
        for place, (code, (name, aliases, numbers, phone)) in enumerate(USUAL.items(), 1):
            row = Courier(code=code, name=str(name), aliases=aliases, formats=numbers, phone=phone, position=10 * place)
            db.session.add(row)
    db.session.flush()
    return len(USUAL)


class Known:
    """The couriers in use, read once, by every name that they have."""

    def __init__(self) -> None:
        rows = list(db.session.scalars(select(Courier).where(Courier.is_active).order_by(Courier.position, Courier.id)))
        self.rows = rows
        self._by_name: dict[str, Courier] = {}
        for names in (lambda row: [row.code], lambda row: [row.name], lambda row: words(row.aliases)):
            for row in rows:
                for name in names(row):
                    self._by_name.setdefault(_plain(name), row)

    @property
    def names(self) -> set[str]:
        """All of them as `find` compares them: small letters, no blanks."""
        return {*self._by_name, *(word for word, code in ENGLISH.items() if _plain(code) in self._by_name)}

    def find(self, name: str | None) -> Courier | None:
        plain = _plain(name or "")
        return self._by_name.get(plain) or self._by_name.get(_plain(ENGLISH.get(plain, "")))


def words(text: str | None) -> list[str]:
    """What stands in a text with commas or line ends between."""
    return [part for part in re.split(r"\s*[,，、;；\n]\s*", text or "") if part.strip()]


def checked(courier: Courier, number: str) -> str:
    """The number as it is kept.

    :raises InvalidInput: when it cannot be one of this courier
    """
    kept = formats.normal(number)
    if not formats.fits(courier.formats, kept):
        raise InvalidInput({
            "tracking_number": _("“%(number)s” is no tracking number of %(courier)s.", number=number[:40], courier=courier.name)
        })  # fmt: skip
    return kept


def validate(courier: Courier | None, values: dict[str, Any]) -> None:
    """A code is kept in capital letters."""
    if values.get("code"):
        values["code"] = str(values["code"]).strip().upper()


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


