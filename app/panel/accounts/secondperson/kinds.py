"""What waits for a second person: publications, roles of people, accounts, looser settings."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.accounts import queries, services
from app.panel.accounts.configuration import ceiling, differences, publishing, store
from app.panel.accounts.models import Role, User, full_name
from app.panel.accounts.secondperson.waiting import kind
from app.panel.core import policy, settings
from app.panel.core.db import db
from app.panel.core.errors import Conflict, Forbidden

What = dict[str, Any]


def _since() -> Conflict:
    return Conflict(gettext("What this is about was changed since. It has to be asked for once more."))


# publications


def _may_publish(what: What, actor: Any) -> None:
    ceiling.hold(store.published(), what["document"], actor)


def _publish(what: What, actor: Any) -> None:
    store.locked()
    if store.holding()[0] != what["base"]:
        raise _since()
    publishing.put(what["document"], what["note"], actor=actor)


def _take_draft(what: What, actor: Any) -> None:
    """It waits, so it is the draft no longer: whoever goes on writing begins with what holds."""
    row = store.locked()
    if what["draft"] is not None:
        if row.version != what["draft"]:
            raise Conflict(gettext("Somebody else changed this in the meantime."))
        store.write(row, None, actor=actor, based_on=None)


def _give_draft_back(what: What, actor: Any) -> None:
    row = store.locked()
    if row.document is None and what["draft"] is not None:
        store.write(row, what["document"], actor=actor, based_on=what["base"])


def _told_of_publication(what: What) -> list[str]:
    before = publishing.get(what["base"]).document if what["base"] else store.published()
    return differences.sentences(differences.differences(before, what["document"]))


# people


def _user(what: What) -> Any:
    return db.session.get(User, what["user"])


def _may_change(what: What, actor: Any) -> None:
    for key in what.get("users") or [what["user"]]:
        services.may_change(actor, db.session.get(User, key))
    services.may_grant(actor, what.get("added", ()))


def _change(what: What, actor: Any) -> None:
    user = _user(what)
    if user is None or user.version != what["version"]:
        raise _since()
    services.update_user(user, actor=actor, name=what["name"], email=what["email"], roles=what["roles"])


def _told_of_change(what: What) -> list[str]:
    said = [gettext("%(name)s: gets the role %(role)s", name=what["name"], role=_role(key)) for key in what["added"]]
    if what["email"] != what["email_before"]:
        values = {"name": what["name"], "email": what["email"], "before": what["email_before"]}
        said.append(gettext("%(name)s: mail goes to %(email)s, before: %(before)s", **values))
    return said


def _may_create(what: What, actor: Any) -> None:
    services.may_grant(actor, what["roles"])


def _create(what: What, actor: Any) -> None:
    services.create_user(actor=actor, username=what["username"], name=what["name"], email=what["email"], roles=what["roles"])


def _told_of_account(what: What) -> list[str]:
    values = {key: what[key] for key in ("name", "username", "email")}
    said = gettext("A new account: %(name)s, user name %(username)s, %(email)s", **values)
    return [said] + [gettext("%(name)s: gets the role %(role)s", name=what["name"], role=_role(key)) for key in what["roles"]]


def _enable(what: What, actor: Any) -> None:
    users = list(db.session.scalars(select(User).where(User.id.in_(what["users"]))))
    if {str(user.id): services.keys_of(user) for user in users} != what["roles_of"]:
        raise _since()
    services.set_active_all(users, True, actor=actor)


def _told_of_enabling(what: What) -> list[str]:
    found = []
    for user in db.session.scalars(select(User).where(User.id.in_(what["users"])).order_by(User.id)):
        roles = gettext(", ").join(map(_role, what["roles_of"][str(user.id)]))
        found.append(gettext("%(name)s: may log in again, as: %(roles)s", name=full_name(user), roles=roles))
    return found


def _role(key: str) -> str:
    known = db.session.scalar(select(Role.id).where(Role.name == key)) is not None
    return differences.role_word(key, store.published()) if known else str(queries.role_label(key))


# settings


def _may_set(what: What, actor: Any) -> None:
    policy.authorize(actor, "write", settings.RESOURCE)


def _set(what: What, actor: Any) -> None:
    if any(settings.setting(key) != before for key, (before, _after) in what["values"].items()):
        raise _since()
    settings.store({key: after for key, (_before, after) in what["values"].items()}, actor=actor)


def _told_of_settings(what: What) -> list[str]:
    found = []
    for key, (before, after) in what["values"].items():
        declared = settings.DECLARED.get(key)
        if declared is None:
            raise Forbidden(gettext("There is no such setting."))
        values = {"after": _shown(declared, after), "before": _shown(declared, before)}
        found.append(gettext("%(setting)s: %(after)s, before: %(before)s", setting=declared.spec.label, **values))
    return found


def _shown(declared: settings.Declared, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return f"{value} {declared.spec.unit}".strip()


kind(
    "publication", _("Roles, rights and rules"), needs=("publish", store.RESOURCE), hold=_may_publish, do=_publish,
    told=_told_of_publication, kept=_take_draft, dropped=_give_draft_back,
)  # fmt: skip
kind("person", _("Roles of a person"), needs=("write", services.RESOURCE), hold=_may_change, do=_change, told=_told_of_change)
kind("account", _("A new account"), needs=("write", services.RESOURCE), hold=_may_create, do=_create, told=_told_of_account)
kind("enable", _("Accounts switched on"), needs=("write", services.RESOURCE), hold=_may_change, do=_enable, told=_told_of_enabling)
kind("settings", _("Looser settings"), needs=("write", settings.RESOURCE), hold=_may_set, do=_set, told=_told_of_settings)
