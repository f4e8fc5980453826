"""Rights that people lend to each other: the list of them, lending one, and what is lent to me."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import abort, flash, redirect, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.panel.accounts import domain
from app.panel.accounts.forms import NEEDED, AccountForm
from app.panel.accounts.models import User, full_name
from app.panel.accounts.models.delegation import Delegation, LoanState
from app.panel.accounts.pages.own import OwnPage, me, tab
from app.panel.accounts.rights import delegation, naming
from app.panel.accounts.views import UserView
from app.panel.core import cells, clock, fields, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import PanelPage, expose, logged_in, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView

LEND_URL, LENT_URL = "/accounts/lend/", "/account/lent/"
USUAL_DAYS = 7
GAPS = {name: f"{{{name}}}" for name in ("person", "right", "start", "until", "span", "n", "amount")}  # a script fills them in
SPANS = (4, 24, 24 * 3, 24 * 7, 24 * 30)  # hours


@domain.view(_("Lent rights"), icon="fa-handshake", order=25)
class DelegationView(PanelView):
    """Who has lent what to whom. They are lent on a page of their own."""

    datamodel = PanelInterface(Delegation)
    title = _("Lent rights")
    one = _("lent right")
    list_columns = ["verb", "person", "lender", "state", "until_at", "uses", "spent", "note"]
    filter_columns = ["person", "lender", "from_at", "until_at", "revoked_at"]
    sort_columns = ["until_at", "uses", "spent"]
    search_columns = ["note"]
    show_fieldsets = [
        (_("Lent right"), ["verb", "person", "lender", "state", "note"]),
        (_("Limits"), ["from_at", "until_at", "uses", "amount_each", "spent", "revoked_at"]),
    ]
    label_columns = {"state": _("State")}
    can_add = can_edit = can_delete = can_import = False
    added_on = (LEND_URL, "lend", _("Lend a right"))
    empty_text = _("Nothing is lent.")
    formatters = {
        "verb": lambda loan: naming.right_label(loan.verb, loan.resource), "uses": delegation.used, "spent": delegation.spent,
        "state": lambda loan: cells.badge(loan.state.label, loan.state.tone),
    }  # fmt: skip

    @verb(
        "revoke", _("Take the right back"), icon="fa-ban", permission="lend", tone="danger",
        when=lambda loan: loan.state in (LoanState.RUNNING, LoanState.COMING, LoanState.USED_UP),
        confirm=_("Take these rights back? They end at once."),
    )  # fmt: skip
    def revoke(self, loans: list[Delegation], form: Any) -> str:
        delegation.revoke_all(loans, actor=current_actor())
        return gettext("%(n)s rights taken back.", n=len(loans))


class MoneyField(StringField):
    """An amount in the currency that stands beside it."""

    kind = "money"


class LoanForm(AccountForm):
    """What is lent, to whom, how long and how much."""

    person = SelectField(_("Lent to"), [NEEDED], coerce=lambda text: int(text or 0), render_kw={"data-choose": _("Search a name")})
    right = SelectField(_("Right"), [NEEDED], render_kw={"data-choose": _("Search: refund, price, export …")})
    start = StringField(_("Begins at"), description=_("Empty: from now on."), render_kw={"type": "datetime-local"})
    until = StringField(_("Ends at"), [NEEDED], description=_("At most a year."), render_kw={"type": "datetime-local"})
    note = StringField(_("What for"), [Length(max=200)])
    uses = IntegerField(
        _("How often at most"), [Optional(), NumberRange(1, delegation.MOST_USES)], description=_("Empty: as often as needed."),
        render_kw={"type": "number", "min": 1, "max": delegation.MOST_USES, "inputmode": "numeric"},
    )  # fmt: skip
    currency = StringField(_("Currency"), [Length(max=3)])
    amount_each = MoneyField(_("At most at once"), description=_("Empty: no limit."), render_kw={"inputmode": "decimal"})
    amount_max = MoneyField(_("At most in all"), description=_("Empty: no limit."), render_kw={"inputmode": "decimal"})

    def offer(self, actor: Any) -> None:
        """People and rights that may be chosen, nobody and nothing beforehand; the rights in groups by domain."""
        nothing = ("", gettext("Choose …"))
        people = db.session.scalars(select(User).where(User.active.is_(True), User.id != actor.id).order_by(User.first_name))
        self.person.choices = [nothing, *((user.id, full_name(user)) for user in people)]
        self.right.choices = {str(self.right.label.text): [nothing]} | {
            str(group["label"]): [
                (entry["value"], f"{row['label']} · {entry['label']}") for row in group["rows"] for entry in row["rights"]
            ]
            for group in naming.offered(delegation.lendable(actor))
        }

    def values(self) -> dict[str, Any]:
        """What the service takes.

        :raises InvalidInput: for a time or an amount that cannot be read
        """
        currency, errors, found = (self.currency.data or "").strip().upper() or "CNY", {}, {}
        for name in ("start", "until"):
            try:
                found[name] = fields.spec(Delegation, "until_at").parse(self[name].data or "", {}) if self[name].data else None
            except ValueError as error:
                errors[name] = str(error)
        for name in ("amount_each", "amount_max"):
            try:
                text = (self[name].data or "").strip()
                found[name] = money.parse(text, currency) if text else None
            except ValueError as error:
                errors[name] = str(error)
        if errors:
            raise InvalidInput(errors)
        limits = delegation.Limits(self.uses.data, found["amount_each"], found["amount_max"], currency)
        return {"start": found["start"], "until": found["until"], "limits": limits, "note": self.note.data or ""}


@domain.page(_("Lend a right"), menu=False)
class LendPage(PanelPage):
    """One right, to one person, for a time."""

    route_base = "/accounts/lend"
    resource = delegation.RESOURCE
    title = _("Lend a right")
    stands_under = "accounts_delegation"

    @expose("/", methods=["GET", "POST"])
    @needs("lend")
    def index(self) -> Any:
        actor = current_actor()
        usual = clock.local(clock.now() + dt.timedelta(days=USUAL_DAYS)).strftime("%Y-%m-%dT%H:%M")
        asked = request.args.get("person", "")
        form = LoanForm(until=usual, currency="CNY", person=int(asked) if asked.isdecimal() and len(asked) < 10 else None)
        form.offer(actor)
        if request.method == "POST" and form.validate():
            try:
                wanted, _space, resource = form.right.data.partition(" ")
                person = db.session.get(User, form.person.data)
                assert person is not None
                delegation.lend(person, wanted, resource, actor=actor, **form.values())
                told = {"name": full_name(person), "right": naming.right_label(wanted, resource)}
                flash(gettext("“%(right)s” is lent to %(name)s.", **told), "success")
                return redirect(LENT_URL)
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        page = self.render("accounts/lend.html", form=form, back_url=LENT_URL, spans=SPANS, texts=_texts())
        return page, 422 if request.method == "POST" else 200


def _texts() -> dict[str, Any]:
    """What the page says of a loan while it is being filled in: sentences with gaps, the present minute, what moves money."""
    return {
        "now": clock.local(clock.now()).strftime("%Y-%m-%dT%H:%M"),
        "money": sorted(f"{verb} {resource}" for verb, resource in policy.REGISTRY.moving_money),
        "empty": gettext("Choose a person and a right; what you lend will stand here in words."),
        "now_on": gettext("%(person)s may do “%(right)s” from now until %(until)s, for %(span)s.", **GAPS),
        "later": gettext("%(person)s may do “%(right)s” from %(start)s until %(until)s, for %(span)s.", **GAPS),
        "always": gettext("As often as needed."), "times": gettext("At most %(n)s times.", **GAPS),
        "each": gettext("At most %(amount)s at once.", **GAPS), "all": gettext("At most %(amount)s in all.", **GAPS),
        "hours": gettext("%(n)s hours", **GAPS), "days": gettext("%(n)s days", **GAPS),
        "past": gettext("The end lies ahead, at most a year after the beginning."),
    }  # fmt: skip


@tab
def lent_tab() -> tuple[str, str, str] | None:
    """For whoever may lend, has lent or was lent something."""
    actor = current_actor()
    if policy.allowed(actor, "lend", delegation.RESOURCE) or delegation.of(actor.id) or delegation.by(actor.id):
        return "lent", gettext("Lent rights"), LENT_URL
    return None


@domain.page(_("Lent rights"), menu=False)
class LentPage(OwnPage):
    """What is lent to me, and what I have lent."""

    route_base = "/account/lent"
    resource = delegation.RESOURCE
    title = _("Lent rights")

    @expose("/")
    @logged_in
    def index(self) -> Any:
        actor = me()
        to_me, by_me = _rows(delegation.of(actor.id)), _rows(delegation.by(actor.id))
        parts = [
            {"label": gettext("Lent to me"), "who": gettext("Lent by"), "key": "lender", "revoke": False, "rows": to_me},
            {"label": gettext("Lent by me"), "who": gettext("Lent to"), "key": "person", "revoke": True, "rows": by_me},
        ]
        may_lend = policy.allowed(actor, "lend", delegation.RESOURCE)
        return self.own("accounts/lent.html", "lent", parts=parts, lend_url=LEND_URL if may_lend else "")

    @expose("/revoke", methods=["POST"])
    @logged_in
    def revoke(self) -> Any:
        text = request.form.get("id", "")
        loan = db.session.get(Delegation, int(text)) if text.isdecimal() and len(text) < 10 else None
        if loan is None or loan.lender_id != me().id:
            abort(404)
        delegation.revoke(loan, actor=current_actor())
        flash(gettext("%(n)s rights taken back.", n=1), "success")
        return redirect(LENT_URL)


def _rows(loans: list[Delegation]) -> list[dict[str, Any]]:
    return [delegation.described(loan) for loan in loans[:100]]


@domain.panel(UserView, label=_("Lent rights"), order=20)
def lent_to(user: User, actor: Any) -> tuple[str, dict[str, Any]] | None:
    """What others have lent to this person, for whoever sees people."""
    loans = delegation.alive(delegation.of(user.id))
    return ("accounts/_loans.html", {"rows": _rows(loans)}) if loans else None
