"""Screens of customers and of what hangs on them."""

from __future__ import annotations

from typing import Any

from flask import make_response as response
from flask import redirect, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, policy
from app.panel.core.actor import current_actor
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.customers import domain, forms, services
from app.shop.customers.models import (
    Address,
    Consent,
    Customer,
    CustomerIdentity,
    CustomerMerge,
    CustomerNote,
    CustomerTag,
)
from app.shop.customers.states import CustomerState, Purpose


def _living(customer: Customer) -> bool:
    return customer.state is not CustomerState.ERASED


@domain.view(_("Customers"), icon="fa-user", order=10)
class CustomerView(PanelView):
    datamodel = PanelInterface(Customer)
    title = _("Customers")
    one = _("customer")
    list_columns = ["name", "phone", "email", "level", "tags", "channel", "shop", "first_seen_at", "state"]
    filter_columns = [
        "name", "phone", "email", "gender", "birthday_on", "level", "state", "shop", "channel", "tags", "first_seen_at",
        "accepts_sms", "accepts_email", "accepts_call", "accepts_profiling",
    ]  # fmt: skip
    default_sort = "-first_seen_at"
    quick_filters = ["level", "state", "channel"]
    show_fieldsets = [
        (_("Customer"), ["name", "level", "state", "tags", "shop", "channel", "first_seen_at"]),
        (_("Contact"), ["phone", "email", "gender", "birthday_on"]),
        (_("Consents"), ["accepts_sms", "accepts_email", "accepts_call", "accepts_profiling"]),
        (_("Preferences"), ["preferences"]),
    ]
    form_fieldsets = [
        (_("Customer"), ["name", "level", "tags", "shop", "channel", "first_seen_at"]),
        (_("Contact"), ["phone", "email", "gender", "birthday_on"]),
        (_("Preferences"), ["preferences"]),
    ]
    child_tables = ["addresses"]
    empty_text = _("No customers yet. They come with orders, from a file, or one by one.")

    def page_of(self, template: str, **context: Any) -> str:
        """Where an address is typed, province, city and district are offered."""
        if template == "panel/form.html":
            template = "customers/address_form.html"
        elif template == "panel/verb.html" and context["page"].name == "address":
            template = "customers/address_verb.html"
        return super().page_of(template, **context)

    def editable_children(self, row: Any) -> list[str]:
        return ["addresses"] if policy.allowed(current_actor(), "write", "customers.Address") else []

    def may_drop_children(self, name: str) -> bool:
        return policy.allowed(current_actor(), "delete", "customers.Address")

    @verb("note", _("Write a note"), icon="fa-note-sticky", form=forms.NoteForm, many=False, primary=True, when=_living)
    def note(self, customers: list[Customer], form: Any) -> str:
        services.write_note(customers[0], form.body.data, is_pinned=bool(form.is_pinned.data), actor=current_actor())
        return gettext("The note is on the card.")

    @verb("address", _("Add address"), icon="fa-location-dot", form=forms.AddressForm, permission="write", many=False,
          when=_living)  # fmt: skip
    def address(self, customers: list[Customer], form: Any) -> str:
        services.add_address(customers[0], form.values(), actor=current_actor())
        return gettext("The address is on the card.")

    @verb("tag", _("Put on tags"), icon="fa-tag", form=forms.TagForm, when=_living)
    def tag(self, customers: list[Customer], form: Any) -> str:
        ids = form.tag_ids()
        if not ids:
            raise InvalidInput({"tags": gettext("Choose at least one tag.")})
        changes = {"remove": ids} if form.remove.data == "remove" else {"add": ids}
        changed = services.set_tags(customers, actor=current_actor(), **changes)
        return str(ngettext("%(num)s customer changed.", "%(num)s customers changed.", changed))

    @verb("consent", _("Record consent"), icon="fa-handshake", form=forms.ConsentForm, many=False, when=_living)
    def consent(self, customers: list[Customer], form: Any) -> str:
        services.record_consent(
            customers[0], Purpose(form.purpose.data), form.answer.data == "yes", source=form.source.data,
            actor=current_actor(),
        )  # fmt: skip
        return gettext("The decision is written down.")

    @verb("merge", _("Merge"), icon="fa-code-merge", read_only=True, when=_living)
    def merge(self, customers: list[Customer], form: Any) -> Any:
        if len(customers) > 2:
            raise DomainError(gettext("Choose two customers."))
        other: dict[str, Any] = {"other": customers[1].id} if len(customers) == 2 else {}
        return redirect(url_for("customers_merging.index", kept_id=customers[0].id, **other))

    @verb("block", _("Block"), icon="fa-ban", form=forms.WhyForm, many=False, tone="danger",
          when=lambda customer: customer.state is CustomerState.ACTIVE)  # fmt: skip
    def block(self, customers: list[Customer], form: Any) -> str:
        services.block(customers[0], why=form.why.data, actor=current_actor())
        return gettext("The customer is blocked.")

    @verb("unblock", _("Unblock"), icon="fa-lock-open", form=forms.WhyForm, permission="block", many=False,
          when=lambda customer: customer.state is CustomerState.BLOCKED)  # fmt: skip
    def unblock(self, customers: list[Customer], form: Any) -> str:
        services.unblock(customers[0], why=form.why.data, actor=current_actor())
        return gettext("The customer can buy again.")

    @verb("export_person", _("Hand out the data"), icon="fa-file-zipper", many=False,
          confirm=_("Everything that we know of this person becomes one file. That you took it is written down."))  # fmt: skip
    def export_person(self, customers: list[Customer], form: Any) -> Any:
        answer = response(services.export_zip(customers[0], actor=current_actor()))
        answer.headers["Content-Type"] = "application/zip"
        answer.headers["Content-Disposition"] = f'attachment; filename="customer-{customers[0].id}.zip"'
        return answer

    @verb("erase", _("Erase the person"), icon="fa-user-slash", form=forms.EraseForm, many=False, tone="danger", when=_living,
          help=_("Name, contact, addresses and notes go for good, from history and trash too. "
                 "Orders stay without the person."))  # fmt: skip
    def erase(self, customers: list[Customer], form: Any) -> str:
        done = services.erase_person(customers[0], why=form.why.data, actor=current_actor())
        said = [gettext("The person is erased; no trace is left.")]
        if done.left:
            said = [gettext("The person is erased. A number can still be read in: %(places)s", places=", ".join(done.left))]
        if done.files:
            said.append(gettext("Uploaded files that named the person were deleted: %(files)s", files=", ".join(done.files)))
        return " ".join(said)


@domain.view(_("Addresses"), icon="fa-location-dot", order=20, menu=False)
class AddressView(PanelView):
    datamodel = PanelInterface(Address)
    title = _("Addresses")
    one = _("address")
    list_columns = ["customer", "recipient", "phone", "country", "province", "city", "district", "street", "is_default"]
    form_fieldsets = [
        (_("Address"), [
            "customer", "recipient", "phone", "country", "province", "city", "district", "street", "postcode", "label",
            "is_default",
        ]),
    ]  # fmt: skip

    def page_of(self, template: str, **context: Any) -> str:
        """The form of an address offers province, city and district."""
        return super().page_of("customers/address_form.html" if template == "panel/form.html" else template, **context)


@domain.view(_("Notes on customers"), icon="fa-note-sticky", order=30, menu=False)
class CustomerNoteView(PanelView):
    datamodel = PanelInterface(CustomerNote)
    title = _("Notes on customers")
    one = _("note")
    list_columns = ["customer", "body", "is_pinned", "created_by", "created_at"]
    filter_columns = ["customer", "body", "is_pinned", "created_at"]
    sort_columns = ["created_at", "is_pinned"]
    default_sort = "-created_at"
    label_columns = {"created_by": _("Written by")}
    form_fieldsets = [(_("Note"), ["customer", "body", "is_pinned"])]
    can_import = False


@domain.view(_("Consents"), icon="fa-handshake", order=40, menu=False)
class ConsentView(PanelView):
    datamodel = PanelInterface(Consent)
    title = _("Consents")
    one = _("consent")
    list_columns = ["customer", "purpose", "is_granted", "decided_at", "source"]
    default_sort = "-decided_at"
    form_fieldsets = [(_("Consent"), ["customer", "purpose", "is_granted", "decided_at", "source"])]
    can_edit = can_delete = can_import = False


@domain.view(_("Customer tags"), icon="fa-tags", order=50)
class CustomerTagView(PanelView):
    datamodel = PanelInterface(CustomerTag)
    title = _("Customer tags")
    one = _("tag")
    list_columns = ["name", "tone", "note"]
    default_sort = "name"
    formatters = {"name": lambda tag: cells.badge(tag.name, tag.tone.value)}
    form_fieldsets = [(_("Tag"), ["name", "tone", "note"])]
    empty_text = _("No tags yet. A tag groups customers: regulars, wholesalers, difficult parcels …")


@domain.view(_("Identities"), icon="fa-id-card", order=60, menu=False)
class CustomerIdentityView(PanelView):
    datamodel = PanelInterface(CustomerIdentity)
    title = _("Identities")
    one = _("identity")
    list_columns = ["customer", "kind", "channel", "value", "created_at"]
    can_add = can_edit = can_delete = can_import = False


@domain.view(_("Merged customers"), icon="fa-code-merge", order=70)
class CustomerMergeView(PanelView):
    datamodel = PanelInterface(CustomerMerge)
    title = _("Merged customers")
    one = _("merge")
    list_columns = ["kept", "gone_name", "gone_id", "created_at", "undone_at"]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nobody has been merged.")

    @verb("unmerge", _("Part again"), icon="fa-code-branch", permission="merge", many=False,
          confirm=_("The second card comes back with all that came from it."),
          when=lambda paper: paper.undone_at is None and bool(paper.undo))  # fmt: skip
    def unmerge(self, papers: list[CustomerMerge], form: Any) -> Any:
        back = services.unmerge(papers[0], actor=current_actor())
        return redirect(url_for("customers_customer.show", pk=back.id))


for _view, _label, _order in (
    (AddressView, _("Addresses"), 20), (CustomerNoteView, _("Notes"), 30), (ConsentView, _("Consents"), 40),
    (CustomerIdentityView, _("Known by"), 50),
):  # fmt: skip
    domain.relate(CustomerView, label=_label, via="customer", order=_order)(_view)
domain.relate(CustomerView, label=_("Merges"), via="kept", order=90)(CustomerMergeView)
domain.relate(CustomerTagView, label=_("Customers"), via="tags")(CustomerView)
