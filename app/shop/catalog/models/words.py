"""Words: those that people search with, what they mean here, and how often they were asked for."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import mapped_column, validates

from app.panel.core.columns import choice, day, flag, integer, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.catalog import rules
from app.shop.catalog.states import KeywordKind, SearchPlace


class Keyword(PanelModel):
    """A word that people search with, for a category or for all."""

    __tablename__ = "catalog_keyword"
    __table_args__ = (UniqueConstraint("word", "category_id"),)
    word = text(_("Keyword"), 60, required=True, search=True)
    kind = choice(_("Kind of keyword"), KeywordKind, default=KeywordKind.CORE)
    category_id = ref(_("Category"), "catalog_category.id", ondelete="CASCADE", help=_("Empty: for every product."))
    category = relation("Category", category_id)
    searches = integer(_("Searches a day"), default=0)
    is_active = flag(_("Active"), default=True)

    def __str__(self) -> str:
        return self.word


class Synonym(PanelModel):
    """A word by which people search for something that we call otherwise: it leads to a product, a category or a tag."""

    __tablename__ = "catalog_synonym"
    __table_args__ = (
        UniqueConstraint("word", "product_id"),
        UniqueConstraint("word", "category_id"),
        UniqueConstraint("word", "tag_id"),
        CheckConstraint("product_id IS NOT NULL OR category_id IS NOT NULL OR tag_id IS NOT NULL", name="target"),
    )
    word = text(_("Search word"), 60, required=True, index=True, search=True, help=_("As people type it."))
    product_id = ref(_("Product"), "catalog_product.id", ondelete="CASCADE")
    product = relation("Product", product_id)
    category_id = ref(
        _("Category"), "catalog_category.id", ondelete="CASCADE", help=_("Finds all products of the branch.")
    )
    category = relation("Category", category_id)
    tag_id = ref(_("Tag"), "catalog_tag.id", ondelete="CASCADE", help=_("Finds all products with the tag."))
    tag = relation("Tag", tag_id)

    @validates("word")
    def _as_searched(self, _name: str, typed: str) -> str:
        return rules.search_word(typed)

    def __str__(self) -> str:
        named = [str(target) for target in (self.product, self.category, self.tag) if target is not None]
        return f"{self.word} → {', '.join(named)}"


class SearchLog(Model):
    """How often a word was searched for on a day and in a place, and how often it found nothing. It names nobody."""

    __tablename__ = "catalog_search_log"
    __table_args__ = (UniqueConstraint("searched_on", "word", "place"), Index(None, "word"))
    id = mapped_column(Integer, primary_key=True)
    searched_on = day(_("Date"), required=True)
    word = text(_("Search word"), 60, required=True)
    place = choice(_("Place"), SearchPlace, required=True)
    searches = integer(_("Searches"), default=0, adds_up=True)
    empty = integer(_("Without a result"), default=0, adds_up=True)
    found = integer(_("Found last"), default=0)
