"""Pages of the setup that are no tables: settings, logo, first run, application and review."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import firstrun
from app.panel.core import files, forms, policy, records, settings
from app.panel.core.actor import current_actor, owns
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.files import File
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.setup import domain, queries, services
from app.shop.setup.forms import ApplicationForm, CutForm, FirstShopForm, LogoForm
from app.shop.setup.models import OrgApplication, OrgAttachment, Shop
from app.shop.setup.permissions import is_chief
from app.shop.setup.services.logos import can_be_cut
from app.shop.setup.services.onboarding import FIELDS
from app.shop.setup.states import ApplicationState, AttachmentKind, AttachmentState
from app.shop.setup.views import papers_of

MAX_PICTURE = 10 * 2**20


def save_first_shop(form: FirstShopForm, *, actor: Any) -> None:
    """In the transaction that makes the administrator; the language is the one in which he answers."""
    services.first_run(
        form.shop_name.data, zone=form.zone.data, currency=form.currency.data, language=str(get_locale()), actor=actor
    )


@files.readable_by
def papers_and_logos(actor: Any, file: File) -> bool:
    """Logos are for all who see shops; the papers of an application for its applicant and its reviewers."""
    if policy.allowed(actor, "read", "setup.Shop") and queries.is_logo(file.id, actor):
        return True
    application = queries.application_of(file.id)
    if application is None:
        return False
    return owns(actor, application.applicant_id) or policy.allowed(actor, "review", "setup.OrgApplication")


def open_unattended(*, actor: Any) -> None:
    """A shop to begin with, where the administrator's password came with the environment and nobody was asked."""
    zone, language = current_app.config["ZONE"], current_app.config["BABEL_DEFAULT_LOCALE"]
    services.first_run(gettext("Our shop"), zone=zone, currency="CNY", language=language, actor=actor)


firstrun.step(_("Your shop"), "", FirstShopForm, save_first_shop, order=10, unattended=open_unattended)


@domain.page(_("Settings"), icon="fa-sliders", order=80)
class SettingsPage(PanelPage):
    """Every setting that a domain declares, in its group."""

    resource = settings.RESOURCE
    title = _("Settings")

    @expose("/settings/", methods=["GET", "POST"])
    @needs("read")
    def index(self) -> Any:
        form = _settings_form()
        if request.method == "POST":
            self.check("write")
            try:
                settings.change(forms.raw_values(form), actor=current_actor())
                flash(gettext("Saved."), "success")
                return redirect(url_for("setup_settings.index"))
            except InvalidInput as error:
                for text in forms.show_errors(form, error.errors):
                    flash(text, "danger")
        may_write = policy.allowed(current_actor(), "write", settings.RESOURCE)
        page = self.render("setup/settings.html", form=form, groups=_groups(), may_write=may_write)
        return page, 422 if request.method == "POST" else 200


def _settings_form() -> Any:
    """One field a setting, drawn and read as a field of a model would be."""
    shown = _shown()
    fields = {key: forms.unbound(declared.spec) for key, declared in shown.items()}
    form = type("SettingsForm", (forms.PanelForm,), fields)()
    for key, declared in shown.items():
        field = form[key]
        if not form.is_submitted():
            value = settings.setting(key)
            field.data = bool(value) if declared.spec.kind == "bool" else declared.spec.plain(value, {})
        forms.dress_field(field)
    return form


def _shown() -> dict[str, settings.Declared]:
    """Settings for people; one without a label is a note that the program keeps for itself."""
    return {key: declared for key, declared in sorted(settings.DECLARED.items()) if str(declared.spec.label)}


def _groups() -> list[tuple[str, list[str]]]:
    """Settings by the group that they declare, else by the domain that their key begins with, in the menu's order."""
    domains = {one.key: one for one in current_app.extensions["panel_domains"]}
    found: dict[str, list[str]] = {}
    for key, declared in sorted(_shown().items(), key=lambda pair: _order(domains, pair[0])):
        owner = domains.get(key.partition(".")[0])
        found.setdefault(str(declared.group or (owner.label if owner else _("The panel"))), []).append(key)
    return list(found.items())


def _order(domains: dict[str, Any], key: str) -> tuple[int, str]:
    owner = domains.get(key.partition(".")[0])
    return (owner.order if owner else 1000, key)


@domain.page(_("Logo"), menu=False)
class LogoPage(PanelPage):
    """The logo of a shop. A picture that is not square is refused, with the offer to cut it."""

    resource = "setup.Shop"
    title = _("Logo")

    @expose("/shops/<int:shop_id>/logo/", methods=["GET", "POST"])
    @needs("write")
    def index(self, shop_id: int) -> Any:
        shop = records.get(Shop, shop_id, actor=current_actor(), verb="write")
        form = _logo_form(shop)
        offered, problem = None, ""
        if request.method == "POST" and form.validate():
            try:
                file = _stored("picture")
                if file is None:
                    raise InvalidInput({"picture": gettext("Choose a picture.")})
                offered = file if can_be_cut(file) else None
                self._take(shop, file, form)
                return redirect(url_for("setup_shop.show", pk=shop.id))
            except InvalidInput as error:
                problem = error.message
        context = {"shop": shop, "form": form, "offered": offered, "problem": problem, "cut": CutForm()}
        page = self.render("setup/logo.html", now=files.url(shop.logo_id, "medium"),
                           preview=files.url(offered, "medium") if offered else "", **context)  # fmt: skip
        return page, 422 if problem else 200

    @expose("/shops/<int:shop_id>/logo/cut", methods=["POST"])
    @needs("write")
    def cut(self, shop_id: int) -> Any:
        """Take the offered cut of the picture that was just refused."""
        actor = current_actor()
        shop = records.get(Shop, shop_id, actor=actor, verb="write")
        file = db.session.get(File, request.form.get("file_id", 0, type=int))
        if file is None or not files.may_read(actor, file):
            abort(404)
        rights = _logo_form(shop)
        services.crop_logo(shop, file, request.form.get("where", "middle"), actor=actor,
                           **_proof(rights))  # fmt: skip
        flash(gettext("The logo is changed."), "success")
        return redirect(url_for("setup_shop.show", pk=shop.id))

    def _take(self, shop: Shop, file: File, form: LogoForm) -> None:
        services.set_logo(shop, file, actor=current_actor(), **_proof(form))
        flash(gettext("The logo is changed."), "success")


def _logo_form(shop: Shop) -> LogoForm:
    """With what this person may write of the shop."""
    access = policy.fields(current_actor(), "setup.Shop")
    form = LogoForm(logo_source=shop.logo_source, logo_licence=shop.logo_licence)
    for name in ("logo_source", "logo_licence"):
        if not access.writable(name):
            del form[name]
    return form


def _proof(form: LogoForm) -> dict[str, Any]:
    """Where a logo comes from; what the form does not ask stays as it is."""
    asked = {name: form[name].data for name in ("logo_source", "logo_licence") if name in form}
    return {"source": asked.get("logo_source") or None, "licence": asked.get("logo_licence")}


def _stored(name: str) -> File | None:
    """A picture that came with this request, kept; None when none came."""
    given = request.files.get(name)
    if given is None or not given.filename:
        return None
    return files.store(given.stream, given.filename, actor=current_actor(), max_bytes=MAX_PICTURE)


@domain.page(_("Apply to join"), icon="fa-file-circle-plus", order=75)
class OnboardingPage(PanelPage):
    """A company applies; a reviewer approves or sends single papers back."""

    resource = "setup.OrgApplication"
    title = _("Apply to join")
    apart = {"review": "setup_orgapplication"}

    @expose("/apply/", methods=["GET", "POST"])
    @needs("apply")
    def index(self) -> Any:
        return self._apply(None)

    @expose("/apply/<int:application_id>", methods=["GET", "POST"])
    @needs("apply")
    def mine(self, application_id: int) -> Any:
        application = self._found(application_id)
        if application.applicant_id != current_actor().id and not is_chief(current_actor()):
            abort(404)
        if application.state is ApplicationState.DRAFT:
            return self._apply(application)
        return self.render("setup/application.html", title=str(application), application=application,
                           papers=papers_of(application))  # fmt: skip

    def _apply(self, application: OrgApplication | None) -> Any:
        form = ApplicationForm(obj=application) if application is not None else ApplicationForm()
        status = 200
        if request.method == "POST":
            status = 422
            try:
                application = self._save(form, application)
                if form.validate() and not request.form.get("later"):
                    services.submit(application, actor=current_actor())
                    flash(gettext("Your application is in review."), "success")
                if not form.errors:
                    return redirect(url_for("setup_onboarding.mine", application_id=application.id))
            except InvalidInput as error:
                for text in forms.show_errors(form, error.errors):
                    flash(text, "danger")
        action = url_for("setup_onboarding.mine", application_id=application.id) if application is not None else ""
        papers = papers_of(application) if application is not None else []
        page = self.render("setup/apply.html", form=form, application=application, papers=papers, action=action)
        return page, status

    def _save(self, form: ApplicationForm, application: OrgApplication | None) -> OrgApplication:
        """Keep what was typed and uploaded, whole or not: nobody uploads a licence twice for a slip in a code."""
        actor = current_actor()
        values = {name: ((form[name].data or "").strip() or None) for name in FIELDS}
        values["credit_code"] = (values["credit_code"] or "").upper()[:18] or None
        values["kind"] = values["kind"] or form.kind.default
        application = services.apply(values, actor=actor, application=application)
        for kind in AttachmentKind:
            file = _stored(kind.value)
            if file is not None:
                services.attach(application, kind, file.id, actor=actor)
        return application

    @expose("/apply/<int:application_id>/replace/<int:attachment_id>", methods=["POST"])
    @needs("apply")
    def replace(self, application_id: int, attachment_id: int) -> Any:
        application = self._found(application_id)
        attachment = db.session.get(OrgAttachment, attachment_id)
        if attachment is None or attachment.application_id != application.id:
            abort(404)
        try:
            file = _stored("picture")
            if file is None:
                raise DomainError(_("Choose a picture."))
            services.replace(application, attachment, file.id, actor=current_actor())
            flash(gettext("The paper is replaced."), "success")
        except InvalidInput as error:
            flash(error.message, "danger")
        return redirect(url_for("setup_onboarding.mine", application_id=application.id))

    @expose("/review/<int:application_id>", methods=["GET", "POST"])
    @needs("review")
    def review(self, application_id: int) -> Any:
        application = self._found(application_id)
        papers = [item for item in papers_of(application) if item["paper"].state is not AttachmentState.REPLACED]
        reasons = {item["paper"].id: request.form.get(f"reason-{item['paper'].id}", "") for item in papers}
        status = 200
        if request.method == "POST":
            try:
                if request.form.get("decision") == "approve":
                    services.approve(application, actor=current_actor())
                    flash(gettext("%(company)s is approved.", company=application.company_name), "success")
                else:
                    services.reject(application, reasons, actor=current_actor())
                    flash(gettext("Sent back to the applicant."), "success")
                return redirect(url_for("setup_orgapplication.show", pk=application.id))
            except DomainError as error:
                if error.status == 403:
                    raise
                flash(error.message, "danger")
                status = error.status
        page = self.render("setup/review.html", title=gettext("Review %(company)s", company=application),
                           application=application, papers=papers, reasons=reasons,
                           waits=application.state is ApplicationState.PENDING)  # fmt: skip
        return page, status

    def _found(self, application_id: int) -> OrgApplication:
        return records.get(OrgApplication, application_id, actor=current_actor())
