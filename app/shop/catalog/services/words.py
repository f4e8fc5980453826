"""Words that people search with: how often, and what they mean here."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.panel.core import clock, records
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import savepoint, transactional
from app.shop.catalog import rules
from app.shop.catalog.models import Product, SearchLog, Synonym
from app.shop.catalog.services.tags import change_tags, tags_named
from app.shop.catalog.states import SearchPlace

KEPT_DAYS, KEPT_ROWS, NEW_A_DAY = 180, 20_000, 2_000
TARGETS = ("product_id", "category_id", "tag_id")


@transactional
def note_search(word: str, *, found: int, place: SearchPlace) -> None:
    """Count a search. New words of a day are noted up to a bound, so that nobody fills the table by typing."""
    today = clock.today()
    mine = (SearchLog.searched_on == today, SearchLog.word == word, SearchLog.place == place)
    count_on = update(SearchLog).where(*mine).values(
        searches=SearchLog.searches + 1, empty=SearchLog.empty + (0 if found else 1), found=found
    )  # fmt: skip
    if _changed(count_on):
        return
    known = select(func.count()).select_from(SearchLog).where(SearchLog.searched_on == today)
    if (db.session.scalar(known) or 0) >= NEW_A_DAY:
        return
    row = {"searched_on": today, "word": word, "place": place, "searches": 1, "empty": 0 if found else 1, "found": found}
    try:
        with savepoint():
            db.session.execute(insert(SearchLog).values(row))
    except IntegrityError:  # somebody else was first to search for it today
        _changed(count_on)


def _changed(statement: Any) -> int:
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)


@transactional
def sweep_searches() -> int:
    """Forget searches of more than half a year ago, and the oldest days of a table that has grown too long."""
    oldest = clock.today() - clock.days(KEPT_DAYS)
    newest_first = select(SearchLog.searched_on).order_by(SearchLog.searched_on.desc())
    beyond = db.session.scalar(newest_first.offset(KEPT_ROWS).limit(1))
    gone = SearchLog.searched_on < oldest
    return _changed(delete(SearchLog).where(gone if beyond is None else or_(gone, SearchLog.searched_on <= beyond)))


def check_synonym(synonym: Synonym | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: without a word or a target, or when the word leads there already"""
    word = rules.search_word(values.get("word", getattr(synonym, "word", "")) or "")
    if not word:
        raise InvalidInput({"word": _("Type a word that people search with; addresses and long numbers are none.")})
    targets = {name: values.get(name, getattr(synonym, name, None)) for name in TARGETS}
    if not any(targets.values()):
        raise InvalidInput({"product_id": _("Choose what the word means: a product, a category or a tag.")})
    for name, key in targets.items():
        same = select(Synonym.id).where(Synonym.word == word, getattr(Synonym, name) == key)
        if key and db.session.scalar(same.where(Synonym.id != (synonym.id if synonym is not None else 0))) is not None:
            raise InvalidInput({name: _("“%(word)s” leads there already.", word=word)})


@transactional
def add_synonym(word: str, *, actor: Any, **targets: int | None) -> Synonym:
    """Let a word lead to a product, a category or a tag; the same once more changes nothing."""
    asked = {name: key for name, key in targets.items() if key}
    same = [getattr(Synonym, name) == key for name, key in asked.items()]
    known = db.session.scalars(select(Synonym).where(Synonym.word == rules.search_word(word), *same)).first()
    if known is not None and asked:
        return known
    made: Synonym = records.create(Synonym, {"word": word, **asked}, actor=actor)
    return made


@transactional
def tag_as(word: str, product_ids: list[int], *, actor: Any) -> int:
    """Give products the word as a tag; returns how many did not have it."""
    products = records.get_many(Product, product_ids, actor=actor)
    return change_tags(products, add=tags_named([word], actor=actor), actor=actor)


records.override(Synonym, validate=check_synonym)
