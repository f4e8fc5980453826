"""Rules of the catalog as pure functions: handles, attribute answers, completeness, titles, search words."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _

TITLE_LENGTH = (8, 60)
SEO_TITLE, SEO_DESCRIPTION = 60, 160
MAX_PICTURES = 30  # of a product
MIN_PICTURE_SIDE = 800
GOOD_PICTURES = 3
MAX_RELATED = 20
REQUIRED_WEIGHT, STOCK_WEIGHT = 3, 2
MAX_WORD = 60
LIKE_ENOUGH = 0.4
_HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SCANNED = re.compile(r"[!-~]+")
GTIN = (8, 12, 13, 14)  # digits
_AUDIENCE = (
    "男", "女", "儿童", "宝宝", "婴儿", "老人", "学生", "孕妇", "情侣", "亲子", "通用", "上班族", "新手", "for ", "men",
    "women", "kids", "unisex", "baby",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One line of a checklist. A required one that is not done keeps a product off the shelf."""

    key: str
    label: str
    done: bool
    required: bool = False
    weight: int = 1


def handle(value: str | None) -> None:
    """:raises ValueError: unless empty or words of a–z and 0–9 joined by hyphens"""
    if value and not _HANDLE.fullmatch(value):
        raise ValueError(_("A handle has small letters, digits and single hyphens, such as blue-cotton-shirt."))


@functools.cache
def _pinyin() -> Callable[[str], list[str]]:
    """Its dictionary takes half a second and 44 MB: only a process that writes a handle shall have it."""
    found: Callable[[str], list[str]] = importlib.import_module("pypinyin").lazy_pinyin
    return found


def handle_of(title: str) -> str:
    """A handle for a title; Chinese is written in pinyin. May be empty when nothing of it can be written so."""
    latin = title if title.isascii() else " ".join(_pinyin()(title))
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:180].strip("-")


def attribute_code(value: str | None) -> None:
    if value and not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError(_("A key begins with a small letter and has small letters, digits and _."))


def barcode(value: str | None) -> None:
    """What a scanner reads. Digits that are as long as an EAN, UPC or GTIN have to be one, unless they lie in the ranges that
    GS1 leaves to shops themselves.

    :raises ValueError: for another sign, or a last digit that does not fit
    """
    if not value:
        return
    if not _SCANNED.fullmatch(value):
        raise ValueError(_("A barcode has letters, digits and signs such as - . / without blanks."))
    if value.isdecimal() and len(value) in GTIN and not _is_own(value) and value[-1] != (right := check_digit(value[:-1])):
        raise ValueError(_(
            "“%(code)s” is no EAN or UPC: its last digit would be %(digit)s. Numbers of your own begin with 2, or have a letter.",
            code=value, digit=right,
        ))  # fmt: skip


def check_digit(digits: str) -> str:
    """The last digit of a GTIN, by the others (GS1 General Specifications, 7.9): from the right 3, 1, 3, 1…"""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _is_own(code: str) -> bool:
    """Is it in a range for use within a shop: 02, 04 and 20 to 29 of an EAN-13, 2 and 4 of a UPC, 0 and 2 of an EAN-8?"""
    if len(code) == 8:
        return code[0] in "02"
    whole = code[-13:].zfill(13)
    return whole[0] == "2" or whole[:2] in ("02", "04")


def web_address(value: str | None) -> None:
    """Only the web: `javascript:` and the like would run in the reader's browser."""
    if value and not re.match(r"https?://[^\s/]", value):
        raise ValueError(_("An address begins with http:// or https://."))


def option_lines(options: str | None) -> list[str]:
    return [line.strip() for line in (options or "").splitlines() if line.strip()]


def answer(attribute: Any, raw: Any) -> Any:
    """The answer to an attribute as JSON keeps it; None for nothing.

    :raises ValueError: with a sentence
    """
    text = unicodedata.normalize("NFC", str(raw)).strip() if raw is not None else ""
    if not text:
        return None
    kind = str(attribute.kind)
    if kind == "number":
        try:
            value = Decimal(unicodedata.normalize("NFKC", text).replace(",", ""))
        except InvalidOperation:
            raise ValueError(_("“%(text)s” is no number.", text=text[:40])) from None
        if not value.is_finite():
            raise ValueError(_("“%(text)s” is no number.", text=text[:40]))
        return f"{value.normalize():f}"
    if kind == "choice" and text not in option_lines(attribute.options):
        raise ValueError(_("“%(text)s” is not among the choices.", text=text[:40]))
    if kind == "flag":
        return text.lower() in ("1", "true", "yes", "y", "on", "是")
    if kind == "day":
        try:
            return dt.date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError(_("“%(text)s” is no date such as 2026-11-21.", text=text[:40])) from None
    if len(text) > 500:
        raise ValueError(_("At most %(max)s characters.", max=500))
    return text


def checklist(product: Any, attributes: Sequence[Any], *, stocked: bool | None = None) -> list[Check]:
    """What a complete product has.

    :param attributes: those that its category asks for
    :param stocked: was stock of it ever taken on? None: nobody keeps stock
    """
    skus = [sku for sku in product.skus if sku.is_active]
    images = list(product.images)
    answers = product.attributes or {}
    checks = [
        Check("title", _("Title"), bool((product.title or "").strip()), True),
        Check("category", _("Category"), product.category_id is not None or product.category is not None, True),
        Check("description", _("Description"), bool((product.description or "").strip()), True),
        Check("skus", _("A SKU that is for sale"), bool(skus), True),
        Check("price", _("A price on every SKU"), bool(skus) and all(sku.price for sku in skus), True),
        Check("image", _("A picture"), bool(images), True),
    ]
    for attribute in attributes:
        filled = answers.get(attribute.code) not in (None, "")
        checks.append(Check(f"attribute:{attribute.code}", attribute.name, filled, bool(attribute.is_required)))
    if stocked is not None:  # what is sold before it has come in may stand on the shelf, so it is not required
        label = _("Stock taken on") if stocked else _("Stock: none taken on yet")
        checks.append(Check("stock", label, stocked, weight=STOCK_WEIGHT))
    checks += [
        Check("images", _("%(n)s pictures from several sides", n=GOOD_PICTURES), len(images) >= GOOD_PICTURES),
        Check("licence", _("A licence for every picture"), bool(images) and all(has_licence(i) for i in images)),
        Check("brand", _("Brand"), product.brand_id is not None or product.brand is not None),
        Check("tags", _("Tags"), bool(product.tags)),
        Check("audience", _("Who it is for"), bool((product.audience or "").strip())),
        Check("barcode", _("A barcode on every SKU"), bool(skus) and all(sku.barcode for sku in skus)),
        Check("weight", _("A weight on every SKU"), bool(skus) and all(sku.weight_g for sku in skus)),
        Check("seo", _("Search title and description"), bool(product.seo_title and product.seo_description)),
    ]
    return checks


def score(checks: Iterable[Check]) -> int:
    """Completeness in per cent; what is required counts three times. 100 only when nothing at all is missing."""
    weights = [(REQUIRED_WEIGHT if check.required else check.weight, check.done) for check in checks]
    total = sum(weight for weight, _done in weights)
    return 100 * sum(weight for weight, done in weights if done) // total if total else 100


def has_licence(image: Any) -> bool:
    return str(image.licence or "none") != "none"


def order_stamp(images: Iterable[Any]) -> str:
    """The order of pictures as a reader saw it: another order, another picture or a changed one gives another stamp."""
    return ",".join(f"{image.id}.{image.version}" for image in images)


def title_checks(title: str, category_words: Sequence[str], audience_words: Sequence[str]) -> list[Check]:
    """What makes a title precise: its length, what it is, who it is for. Advice, never a barrier."""
    low, high = TITLE_LENGTH
    text = title.strip().casefold()
    audience = [word.casefold() for word in (*audience_words, *_AUDIENCE)]
    checks = [
        Check("length", _("%(low)s to %(high)s characters (now %(n)s)", low=low, high=high, n=len(title.strip())),
              low <= len(title.strip()) <= high),
    ]  # fmt: skip
    if category_words:
        named = ", ".join(category_words[:5])
        found = any(word.casefold() in text for word in category_words)
        checks.append(Check("category", _("Says what it is: %(words)s", words=named), found))
    checks.append(Check("audience", _("Says who it is for"), any(word in f"{text} " for word in audience)))
    return checks


@dataclass(frozen=True)
class Seo:
    """How a product looks in a search: the two lines of the snippet, and which keywords it uses."""

    title: str
    description: str
    address: str
    used: list[str]
    missing: list[str]
    warnings: list[str]


def seo(
    *, title: str, seo_title: str, description: str, seo_description: str, handle: str, keywords: Iterable[str]
) -> Seo:
    """The snippet that a search engine would show, cut where it cuts, and the keywords used and missing."""
    head = (seo_title or title or "").strip()
    body = re.sub(r"<[^>]+>|\s+", " ", seo_description or description or "").strip()
    text = f"{head} {body}".casefold()
    words = list(dict.fromkeys(keywords))
    warnings = []
    if len(head) > SEO_TITLE:
        warnings.append(_("The title is cut after %(n)s characters.", n=SEO_TITLE))
    if len(body) > SEO_DESCRIPTION:
        warnings.append(_("The description is cut after %(n)s characters.", n=SEO_DESCRIPTION))
    return Seo(
        cut(head, SEO_TITLE), cut(body, SEO_DESCRIPTION), f"/products/{handle}",
        [word for word in words if word.casefold() in text], [word for word in words if word.casefold() not in text],
        warnings,
    )  # fmt: skip


def search_word(typed: str) -> str:
    """What was searched for, the same however it was typed; empty for what may name a person: an address, a number."""
    text = " ".join(unicodedata.normalize("NFKC", typed).casefold().split())
    digits = re.sub(r"[\s()+.-]", "", text)
    return "" if "@" in text or re.search(r"\d{7}", digits) else text[:MAX_WORD].strip()


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like a word, by the pairs of letters that they share; None when none is like it."""
    wanted, best = _pairs(word), (0.0, "")
    for name in names:
        own = _pairs(name.casefold())
        likeness = 2 * len(wanted & own) / (len(wanted) + len(own))
        if name.casefold() in word or word in name.casefold():
            likeness += 1
        best = max(best, (likeness, name))
    return best[1] if best[0] >= LIKE_ENOUGH else None


def typed_to_the_end(rows: Sequence[Any]) -> list[Any]:
    """Searches without those that a picker asked for while somebody was still typing: beginnings of other words."""
    words = [row.word for row in rows]
    on_the_way = {
        row.word for row in rows
        if row.pickers == row.searches and any(word != row.word and word.startswith(row.word) for word in words)
    }  # fmt: skip
    return [row for row in rows if row.word not in on_the_way]


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(len(text) - 1, 1))} | set(text)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
