"""One's own API keys: what they open, when they were used last, and how a new one is made."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.forms import KeyForm
from app.panel.accounts.login import limits, proof
from app.panel.accounts.models import ApiKey, KeyKind, User
from app.panel.accounts.pages.own import OwnPage, me, tab
from app.panel.accounts.people import keys
from app.panel.accounts.rights import naming
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.fields import show_instant
from app.panel.core.pages import expose, logged_in, needs

DAYS = (30, 90, 365, 1095)
BY_HAND, READ_ALL = "", "read"


@tab
def key_tab() -> tuple[str, str, str] | None:
    """For whoever may make keys, or has some from when he might."""
    actor = current_actor()
    if policy.allowed(actor, "make", keys.RESOURCE) or keys.of(actor.id):
        return "keys", gettext("API keys"), "/account/keys/"
    return None


@domain.page(_("API keys"), menu=False)
class OwnKeyPage(OwnPage):
    """The keys that a person answers for."""

    route_base = "/account/keys"
    resource = keys.RESOURCE
    title = _("API keys")

    @expose("/")
    @logged_in
    def index(self) -> Any:
        actor = current_actor()
        rows = [described(key) for key in keys.of(actor.id)]
        may_make = policy.allowed(actor, "make", keys.RESOURCE)
        return self.own("accounts/keys.html", "keys", rows=rows, add_url="/account/keys/add" if may_make else "")

    @expose("/add", methods=["GET", "POST"])
    @needs("make")
    def add(self) -> Any:
        actor, form, user = current_actor(), _form(), me()
        again = _ask_again(form, user)
        ticked = request.form.getlist("right")
        if request.method == "POST" and form.validate():
            try:
                limits.hit("make-key", "20 per hour", str(actor.id))
                if again:
                    proof.prove(user, form.current.data, form.code.data if "code" in again else "")
                key, text = keys.make(
                    actor=actor, name=form.name.data, kind=KeyKind(form.kind.data), days=form.days.data,
                    rights=_chosen(form.purpose.data, ticked, actor), bounds=_narrowed(),
                )  # fmt: skip
                return self.own(
                    "accounts/key_made.html", "keys", title=gettext("The new key"), key=described(key), text=text,
                    header=f"Authorization: Bearer {keys.MARK}_…", api=f"{request.host_url.rstrip('/')}/api/v1/",
                )  # fmt: skip
            except InvalidInput as error:
                form.refuse(error)
        page = self.own(
            "accounts/key_add.html", "keys", title=gettext("Make an API key"), form=form, ticked=ticked, again=again,
            groups=naming.offered(keys.grantable(actor)), bounds=_to_choose(actor),
        )  # fmt: skip
        return page, 422 if request.method == "POST" else 200

    @expose("/revoke", methods=["POST"])
    @logged_in
    def revoke(self) -> Any:
        text = request.form.get("id", "")
        key = db.session.get(ApiKey, int(text)) if text.isdecimal() and len(text) < 10 else None
        if key is None or key.owner_id != me().id:
            abort(404)
        keys.revoke(key, actor=current_actor())
        flash(gettext("The key “%(name)s” is out of force.", name=key.name), "success")
        return redirect("/account/keys/")


def described(key: ApiKey) -> dict[str, Any]:
    """A key as a page shows it."""
    return {
        "id": key.id, "name": key.name, "kind": key.kind, "state": key.state, "begins": f"{keys.MARK}_{key.prefix}_…",
        "made": show_instant(key.created_at), "expires": show_instant(key.expires_at),
        "used": show_instant(key.last_used_at) if key.last_used_at else "", "from": key.last_used_from or "",
        "rights": naming.spoken(key.rights), "only": only(key),
    }  # fmt: skip


def only(key: ApiKey) -> list[dict[str, Any]]:
    """To which rows a key is narrowed, in words of whoever looks: those that he does not see have a number only."""
    actor, found = current_actor(), []
    for resource, ids in key.bounds.items():
        names = {row.id: str(row) for row in keys.rows_to_choose(resource, actor)}
        label = policy.REGISTRY.bounds.get(resource, resource)
        found.append({"label": label, "names": [names.get(one, f"#{one}") for one in ids]})
    return found


def _ask_again(form: KeyForm, user: User) -> list[str]:
    """The fields by which he shows once more that it is he; none within minutes of the last time."""
    if proof.is_proven(user, second_step=False):
        del form.current, form.code
        return []
    return proof.ask_in(form, user)


def _form() -> KeyForm:
    actor = current_actor()
    form = KeyForm(days=keys.USUAL_DAYS, purpose=BY_HAND)
    held = keys.grantable(actor)
    presets = [(one.key, str(one.label)) for one in keys.PRESETS.values() if keys.preset_rights(one.key) <= held]
    purposes = [*presets, (READ_ALL, gettext("Read all that I may read")), (BY_HAND, gettext("What is ticked below"))]
    kinds = [kind for kind in KeyKind if kind is KeyKind.PERSON or policy.allowed(actor, "machine", keys.RESOURCE)]
    form.offer(kinds, [(n, gettext("%(n)s days", n=n)) for n in DAYS], purposes)
    return form


def _chosen(purpose: str, ticked: list[str], actor: Any) -> keys.Rights:
    """The rights of the purpose and those that were ticked besides; what does not read as a right is refused below."""
    found = {(verb, resource) for verb, _space, resource in (text.partition(" ") for text in ticked)}
    if purpose == READ_ALL:
        found |= {pair for pair in keys.grantable(actor) if pair[0] == "read"}
    return frozenset(found | keys.preset_rights(purpose))


def _narrowed() -> dict[str, list[int]]:
    """The rows that were ticked, by resource."""
    return {
        resource: [int(text) for text in request.form.getlist(f"only-{resource}") if text.isdecimal() and len(text) < 10]
        for resource in policy.REGISTRY.bounds
    }


def _to_choose(actor: Any) -> list[dict[str, Any]]:
    """By what a key can be narrowed; by nothing of which there is only one."""
    found = [
        {"resource": resource, "label": label, "rows": keys.rows_to_choose(resource, actor)}
        for resource, label in policy.REGISTRY.bounds.items()
    ]
    return [entry for entry in found if len(entry["rows"]) > 1]
