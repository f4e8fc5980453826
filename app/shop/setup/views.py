"""Screens of the setup: business, shops, channels, accounts, staff, organisations."""

from __future__ import annotations

import copy
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import cells, files, records, screens, veil
from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import expose, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.setup import domain, queries, services
from app.shop.setup.forms import VerifyForm
from app.shop.setup.models import (
    Business,
    Channel,
    ChannelAccount,
    Organisation,
    OrgApplication,
    Shop,
    StaffAssignment,
)
from app.shop.setup.states import ApplicationState


class PerShopView(PanelView):
    """A screen whose rows belong to shops. While there is one shop only, the word stands nowhere on it."""

    shop_fields = frozenset({"shop", "shop_id"})

    def plan(self, actor: Any, base: Any = None, columns: list[str] | None = None) -> Any:
        plan = super().plan(actor, base, columns)
        if queries.more_than_one_shop():
            return plan
        kept = {name: self._without(getattr(plan, name)) for name in ("columns", "filterable", "sortable")}
        return type(plan)(**{**vars(plan), **{name: tuple(value) for name, value in kept.items()}, "unsaid": self.shop_fields})

    def _without(self, names: Any) -> list[str]:
        return [name for name in names if name.split(".")[0] not in self.shop_fields]

    def _for_reader(self) -> PerShopView:
        """This view, or a copy of it for one request whose pages do not speak of shops."""
        if queries.more_than_one_shop():
            return self
        view = copy.copy(self)
        for name in ("show_fieldsets", "add_fieldsets", "edit_fieldsets"):
            sets = [(label, {**part, "fields": self._without(part["fields"])}) for label, part in getattr(self, name)]
            setattr(view, name, sets)
        return view

    @expose("/show/<pk>")
    @needs("read")
    def show(self, pk: str) -> Any:
        return PanelView.show(self._for_reader(), pk)

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        return PanelView.add(self._for_reader())

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: str) -> Any:
        return PanelView.edit(self._for_reader(), pk)


@domain.view(_("Business"), icon="fa-building", order=10)
class BusinessView(PanelView):
    datamodel = PanelInterface(Business)
    one = _("business")
    can_add = can_delete = can_import = False
    list_columns = ["name", "credit_code", "legal_person", "currency", "zone"]
    show_fieldsets = [
        (_("Business"), ["name", "credit_code", "legal_person", "phone"]),
        (_("Business licence"), ["licence_scope"]),
        (_("Money and time"), ["currency", "zone", "language"]),
    ]
    form_fieldsets = show_fieldsets
    empty_text = _("The first run makes the business.")

    @expose("/list/")
    @needs("read")
    def list(self) -> Any:
        """There is one: its page is the list."""
        business = queries.business()
        return redirect(self.url("show", pk=business.id)) if business is not None else super().list()


@domain.view(_("Shops"), icon="fa-store", order=20)
class ShopView(PanelView):
    datamodel = PanelInterface(Shop)
    one = _("shop")
    list_columns = ["logo", "name", "main_category", "currency", "is_active"]
    filter_columns = ["name", "main_category", "currency", "is_active"]
    search_columns = ["name", "main_category"]
    sort_columns = ["name", "main_category"]
    default_sort = "name"
    show_fieldsets = [
        (_("Shop"), ["name", "code", "core_keyword", "main_category", "currency", "is_active"]),
        (_("Contact"), ["phone", "address"]),
        (_("Logo"), ["logo", "logo_source", "logo_licence"]),
    ]
    form_fieldsets = [
        (_("Shop"), ["name", "core_keyword", "main_category", "code", "currency", "is_active"]),
        (_("Contact"), ["phone", "address"]),
        (_("Logo"), ["logo_source", "logo_licence"]),
    ]
    formatters = {
        "logo": lambda shop: {
            "kind": "image", "text": gettext("Logo of %(shop)s", shop=shop.name),
            "url": files.url(shop.logo_id, "thumb"), "title": "",
        } if shop.logo_id else "",
    }  # fmt: skip

    @verb("logo", _("Logo"), icon="fa-image", permission="write", many=False, read_only=True)
    def logo(self, shops: list[Shop], form: Any) -> Any:
        return redirect(url_for("setup_logo.index", shop_id=shops[0].id))

    @expose("/advice")
    @needs("read")
    def advice(self) -> Any:
        """What the rules say about a name and a category while they are typed: nothing is stored."""
        texts = [(request.args.get(name) or "")[:200] for name in ("name", "core_keyword", "main_category")]
        found = services.shop_findings(*texts)
        return jsonify(findings=[{"field": f.field, "text": f.sentence, "blocks": blocks} for f, blocks in found])

    def render_form(self, form: Any, row: Any, child_errors: dict[str, str] | None = None) -> str:
        page = screens.form_page(self, form, row, child_errors or {}, current_actor())
        return self.page_of("setup/shop_form.html", page=page, form=form, row=row)

    def _write(self, form: Any, row: Any) -> int:
        saved = super()._write(form, row)
        shop = records.get(Shop, saved, actor=current_actor())
        for finding, _blocks in services.shop_findings(shop.name, shop.core_keyword, shop.main_category):
            flash(finding.sentence, "warning")
        return saved


@domain.panel(ShopView, label=_("Good practice"), order=10)
def shop_practice(shop: Shop, actor: Any) -> Any:
    if not veil.shows(shop, "core_keyword", "main_category"):
        return None
    found = services.shop_findings(shop.name, shop.core_keyword, shop.main_category)
    return "setup/_findings.html", {"findings": [finding.sentence for finding, _blocks in found]}


@domain.relate(ShopView, label=_("Channels"), via="shop", order=10)
@domain.view(_("Channels"), icon="fa-tower-broadcast", order=30)
class ChannelView(PerShopView):
    datamodel = PanelInterface(Channel)
    one = _("channel")
    list_columns = ["name", "kind", "shop", "url", "is_active"]
    filter_columns = ["name", "kind", "shop", "is_active"]
    search_columns = ["name", "external_id"]
    sort_columns = ["name", "kind", "position"]
    default_sort = "position"
    quick_filters = ["shop", "kind"]
    show_fieldsets = [
        (_("Channel"), ["name", "kind", "shop", "is_active"]),
        (_("On the platform"), ["url", "external_id", "position"]),
    ]
    form_fieldsets = show_fieldsets
    empty_text = _("Where do you sell? Add the counter, your site, your Douyin account.")


@domain.relate(ChannelView, label=_("Platform accounts"), via="channel", order=10)
@domain.view(_("Platform accounts"), icon="fa-id-badge", order=40)
class ChannelAccountView(PanelView):
    datamodel = PanelInterface(ChannelAccount)
    one = _("platform account")
    list_columns = ["name", "channel", "part", "state", "verified_on", "expires_on"]
    filter_columns = ["name", "channel", "channel.is_active", "part", "state", "verified_on", "expires_on"]
    search_columns = ["name", "subject"]
    sort_columns = ["name", "state", "verified_on", "expires_on"]
    default_sort = "expires_on"
    quick_filters = ["state", "part"]
    show_fieldsets = [
        (_("Account"), ["name", "channel", "part", "state"]),
        (_("Verification"), ["subject", "verified_on", "expires_on"]),
        ("", ["note"]),
    ]
    form_fieldsets = [
        (_("Account"), ["name", "channel", "part"]),
        (_("Verification"), ["subject", "verified_on", "expires_on"]),
        ("", ["note"]),
    ]
    empty_text = _("Bind the accounts of your platforms to be warned before they run out.")

    @verb("verify", _("Enter verification"), icon="fa-certificate", permission="write", form=VerifyForm, many=False)
    def verify(self, accounts: list[ChannelAccount], form: VerifyForm) -> str:
        values = {"verified_on": form.verified_on.data, "expires_on": form.expires_on.data}
        if form.subject.data:
            values["subject"] = form.subject.data
        records.update(accounts[0], values, actor=current_actor())
        return gettext("%(account)s is now: %(state)s.", account=accounts[0], state=accounts[0].state.label)


def _place(row: Shop | Channel | None, endpoint: str, otherwise: str) -> cells.Cell:
    if row is None:
        return cells.badge(otherwise, "info")
    return {"kind": "link", "text": str(row), "url": url_for(endpoint, pk=row.id)}


@domain.relate(ShopView, label=_("Staff"), via="shop", order=20)
@domain.view(_("Who works where"), icon="fa-people-arrows", order=50)
class StaffAssignmentView(PerShopView):
    datamodel = PanelInterface(StaffAssignment)
    one = _("assignment")
    list_columns = ["user", "shop", "channel", "note"]
    filter_columns = ["user", "shop", "channel"]
    sort_columns: list[str] = []
    search_columns = ["note"]
    show_fieldsets = [(_("Assignment"), ["user", "shop", "channel", "note"])]
    form_fieldsets = show_fieldsets
    quick_filters = ["shop"]
    formatters = {
        "shop": lambda one: _place(one.shop, "setup_shop.show", gettext("All shops")),
        "channel": lambda one: _place(one.channel, "setup_channel.show", gettext("All channels")),
    }
    empty_text = _("With one shop everybody works for it. With more, say here who works where.")


@domain.view(_("Organisations"), icon="fa-handshake", order=60)
class OrganisationView(PanelView):
    datamodel = PanelInterface(Organisation)
    one = _("organisation")
    list_columns = ["name", "kind", "credit_code", "legal_person", "is_active"]
    filter_columns = ["name", "kind", "credit_code", "is_active"]
    search_columns = ["name", "credit_code"]
    sort_columns = ["name", "kind"]
    default_sort = "name"
    quick_filters = ["kind"]
    show_fieldsets = [
        (_("Organisation"), ["name", "kind", "credit_code", "legal_person", "is_active"]),
        (_("Contact"), ["contact", "phone"]),
        (_("Business licence"), ["licence_scope"]),
    ]
    form_fieldsets = show_fieldsets
    empty_text = _("Companies appear here once their application is approved.")


@domain.view(_("Applications"), icon="fa-file-signature", order=70)
class OrgApplicationView(PanelView):
    """The review queue. An applicant sees his own here, a reviewer all."""

    datamodel = PanelInterface(OrgApplication)
    title = _("Applications")
    one = _("application")
    can_add = can_edit = can_import = False
    list_columns = ["company_name", "kind", "credit_code", "state", "applicant", "submitted_at"]
    filter_columns = ["company_name", "kind", "credit_code", "state", "submitted_at"]
    search_columns = ["company_name", "credit_code"]
    sort_columns = ["company_name", "state", "submitted_at"]
    default_sort = "-submitted_at"
    quick_filters = ["state"]
    show_fieldsets = [
        (_("Application"), ["company_name", "credit_code", "kind", "state"]),
        (_("Business licence"), ["licence_scope"]),
        (_("Contact"), ["legal_person", "contact", "phone", "applicant"]),
        (_("Progress"), ["submitted_at", "decided_at", "organisation"]),
    ]
    empty_text = _("No company has applied yet.")

    @verb(
        "review", _("Review"), icon="fa-clipboard-check", many=False, read_only=True, primary=True,
        when=lambda application: application.state is ApplicationState.PENDING,
    )
    def review(self, applications: list[OrgApplication], form: Any) -> Any:
        return redirect(url_for("setup_onboarding.review", application_id=applications[0].id))

    @verb(
        "resume", _("Open my application"), icon="fa-pen-to-square", permission="apply", many=False, read_only=True,
        when=lambda a: a.state is not ApplicationState.APPROVED and a.applicant_id == current_actor().id,
    )
    def resume(self, applications: list[OrgApplication], form: Any) -> Any:
        return redirect(url_for("setup_onboarding.mine", application_id=applications[0].id))


@domain.panel(OrgApplicationView, label=_("Papers and history"), order=10)
def application_papers(application: OrgApplication, actor: Any) -> Any:
    return "setup/_papers.html", {"application": application, "papers": papers_of(application)}


def papers_of(application: OrgApplication) -> list[dict[str, Any]]:
    """The papers of an application with their pictures, those in force first."""
    return [
        {"paper": paper, "url": files.url(paper.file_id), "picture": files.url(paper.file_id, "medium")}
        for paper in sorted(application.attachments, key=lambda p: (p.state.value == "replaced", p.id))
    ]
