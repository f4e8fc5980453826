"""Forms of the catalog's operations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import FileField, MultipleFileField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.panel.core import policy
from app.panel.core.fields import spec
from app.panel.core.forms import PanelForm, dress, unbound
from app.shop.catalog import pricing
from app.shop.catalog.models import Product, Synonym, Tag
from app.shop.catalog.states import MediaLicence, MediaSource, ProductKind, ProductPhase

NEEDED = InputRequired(_("This is needed."))


def field_like(name: str, label: Any, model: type[Any] = Product, **changes: Any) -> Any:
    """A form field that is drawn and read as one of the model's: a picker, a wall-clock time."""
    return unbound(dataclasses.replace(spec(model, name), label=label, readonly=False, **changes))


class PickerForm(PanelForm):
    """A form with pickers: they need their addresses and the labels of what is picked."""

    def for_rows(self, rows: Sequence[Any]) -> None:
        dress(self)


class TargetForm(PickerForm):
    """Choose a category. `target` may stay empty where that means something."""

    target = field_like("category_id", _("Category"))


class RootForm(PickerForm):
    target = field_like("category_id", _("New parent category"), help=_("Empty: at the root."))


class RemoveForm(PickerForm):
    target = field_like("category_id", _("Move its products to"), help=_("Needed when products are in the branch."))


class TagForm(PickerForm):
    """Tags to add to and to remove from every product of the selection."""

    add = field_like("tags", _("Add tags"))
    new = StringField(_("Add new tags"), [Length(max=300)], description=_("Separated by commas."))
    remove = field_like("tags", _("Remove tags"))


class ScheduleForm(PickerForm):
    """When a product goes on sale and leaves, on the wall clock of the shop."""

    publish_at = field_like("publish_at", _("Goes on sale at"))
    withdraw_at = field_like("withdraw_at", _("Leaves the shelf at"))


class WhyForm(PanelForm):
    why = StringField(_("Reason"), [Length(max=300)])


class PhaseForm(WhyForm):
    phase = SelectField(_("Phase"), [NEEDED], choices=ProductPhase.pairs())


class PicturesForm(PanelForm):
    """Several pictures of one origin."""

    pictures = MultipleFileField(_("Pictures"), description=_("PNG, JPEG, WebP; at least 800 pixels on each side."))
    source = SelectField(_("Source"), choices=MediaSource.pairs(), default=MediaSource.OWN)
    licence = SelectField(_("Licence"), choices=MediaLicence.pairs(), default=MediaLicence.ORIGINAL)
    licence_note = StringField(
        _("Licence note"), [Length(max=300)], description=_("Contract number, author, until when.")
    )


class SynonymForm(PickerForm):
    """What a word means, that people search with."""

    word = StringField(_("Search word"), [NEEDED, Length(max=60)], description=_("As people type it."))
    category_id = field_like("category_id", _("Category"), Synonym)
    tag_id = field_like("tag_id", _("Tag"), Synonym)
    product_id = field_like("product_id", _("Product"), Synonym)


class TagProductsForm(PickerForm):
    """A tag for several products."""

    word = StringField(_("Tag"), [NEEDED, Length(max=60)])
    products = field_like("products", _("Products"), Tag, hidden=False, help=_("They are found by it from now on."))


class PriceForm(PanelForm):
    """How the prices of many SKUs change."""

    how = SelectField(_("How"), choices=pricing.HOW)
    value = StringField(
        _("By how much"), [NEEDED, Length(max=20)], description=_("Such as 10 or -5: percent, or an amount in your currency."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )  # fmt: skip
    ending = SelectField(_("Ending of the price"), choices=pricing.ENDINGS, default="")
    margin = StringField(
        _("Never below the cost plus"), [Length(max=10)], description=_("In percent. Empty: prices are not held."),
        render_kw={"inputmode": "decimal", "data-unit": "%", "autocomplete": "off"},
    )  # fmt: skip

    def for_operation(self, _operation: Any, actor: Any) -> None:
        """Whoever may not see the cost is not asked how far above it to stay; what he sent all the same is refused by name."""
        if not self.margin.raw_data and not policy.fields(actor, "catalog.Sku").usable("cost"):
            del self.margin


class KindForm(PanelForm):
    kind = SelectField(_("Kind of product"), choices=ProductKind.pairs())


class BrandForm(PickerForm):
    brand = field_like("brand_id", _("Brand"), help=_("Empty: without a brand."))

    def for_operation(self, _operation: Any, _actor: Any) -> None:
        dress(self)


class ReplaceForm(PanelForm):
    """What stands in a field, letter for letter, and what takes its place."""

    field = SelectField(
        _("Which text"), choices=[("title", _("Title")), ("subtitle", _("Subtitle"))]
    )
    find = StringField(_("Find"), [InputRequired(_("This is needed.")), Length(max=200)], description=_("Capital letters count."))
    by = StringField(_("Replace by"), [Length(max=200)], description=_("Empty: take it out."))


class ArchiveForm(PanelForm):
    """Pictures of one origin in an archive."""

    file = FileField(
        _("ZIP archive"), render_kw={"accept": ".zip,application/zip"},
        description=_("Pictures called after a SKU code or the handle of a product, more of one with -1, -2 …: TEE-RED-2.jpg"),
    )  # fmt: skip
    source = SelectField(_("Source"), choices=MediaSource.pairs(), default=MediaSource.OWN.value)
    licence = SelectField(_("Licence"), choices=MediaLicence.pairs(), default=MediaLicence.ORIGINAL.value)
    licence_note = StringField(
        _("Licence note"), [Length(max=300)], description=_("Contract number, author, until when.")
    )
