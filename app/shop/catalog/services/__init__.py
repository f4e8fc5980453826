"""Verbs of the catalog."""

from app.shop.catalog.services.categories import merge_category, move_category, remove_category
from app.shop.catalog.services.derived import refresh
from app.shop.catalog.services.fetching import ask_for_pictures, fetch_results, fetch_waiting
from app.shop.catalog.services.media import arrange_images, file_image, set_main_image, shift_image, take_images_away
from app.shop.catalog.services.products import answer_attributes, move_to_category, set_brand
from app.shop.catalog.services.publishing import (
    act_on_schedule,
    planned_until,
    publish,
    schedule,
    set_phase,
    take_over,
    withdraw,
)
from app.shop.catalog.services.tags import change_tags, tags_named, tags_told
from app.shop.catalog.services.words import add_synonym, note_search, sweep_searches, tag_as

__all__ = [
    "act_on_schedule", "add_synonym", "answer_attributes", "arrange_images", "ask_for_pictures", "change_tags",
    "fetch_results", "fetch_waiting", "file_image", "merge_category", "move_category", "move_to_category",
    "note_search", "planned_until", "publish", "refresh", "remove_category", "schedule", "set_brand", "set_main_image", "set_phase",
    "shift_image", "sweep_searches", "tag_as", "tags_named", "tags_told", "take_images_away", "take_over", "withdraw",
]  # fmt: skip
