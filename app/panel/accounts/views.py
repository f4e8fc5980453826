"""The people of the house and the log of their log-ins."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain, queries, services
from app.panel.accounts.forms import PersonForm
from app.panel.accounts.login import devices, passkeys, twostep
from app.panel.accounts.models import ApiKey, KeyState, LoginEvent, User, full_name
from app.panel.accounts.pages.keys import only
from app.panel.accounts.people import guard, keys
from app.panel.accounts.rights import delegation, naming
from app.panel.core import cells, policy, records
from app.panel.core.actor import current_actor
from app.panel.core.errors import Conflict, DomainError, InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import expose, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView


def _may_be_lent_to(user: User) -> bool:
    me = current_actor()
    return bool(user.active) and user.id != me.id and policy.allowed(me, "lend", delegation.RESOURCE)


@domain.view(_("People"), icon="fa-users", order=10)
class UserView(PanelView):
    """Accounts are invited by a link and switched off, never given a password and never deleted."""

    datamodel = PanelInterface(User)
    title = _("People")
    one = _("person")
    list_columns = ["first_name", "username", "email", "roles", "active", "last_login"]
    filter_columns = ["first_name", "username", "email", "active", "last_login"]
    sort_columns = ["first_name", "username", "email", "last_login"]
    search_columns = ["first_name", "username", "email"]
    default_sort = "first_name"
    show_fieldsets = [(_("User account"), ["first_name", "username", "email", "roles", "active", "last_login"])]
    # what the API takes; the screens have a form of their own
    form_fieldsets = [(_("User account"), ["username", "first_name", "email", "roles"])]
    can_delete = can_import = edits_many = False
    inline_columns: list[str] = []
    formatters = {"roles": lambda user: ", ".join(str(queries.role_label(r.name)) for r in queries.in_order(user.roles))}

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        form = PersonForm()
        form.offer(queries.role_choices(current_actor()))
        if request.method == "POST" and form.validate():
            try:
                user = services.create_user(
                    actor=current_actor(), username=form.username.data, name=form.name.data, email=form.email.data,
                    roles=form.roles.data,
                )  # fmt: skip
                return self.show_link(user)
            except InvalidInput as error:
                form.refuse(error)
        return self._person(form, None), 422 if request.method == "POST" else 200

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: str) -> Any:
        user = records.get(User, pk, actor=current_actor(), verb="write")
        held = [role.name for role in user.roles]
        form = PersonForm(name=full_name(user), email=user.email, roles=held)
        del form.username  # what others know him by in the history does not change
        form.offer(queries.role_choices(current_actor(), held))
        if request.method == "POST" and form.validate():
            if request.form.get("version") != str(user.version):
                raise Conflict(gettext("Somebody else changed this in the meantime."))
            try:
                services.update_user(
                    user, actor=current_actor(), name=form.name.data, email=form.email.data, roles=form.roles.data
                )
                flash(gettext("Saved."), "success")
                return redirect(self.url("show", pk=user.id))
            except InvalidInput as error:
                form.refuse(error)
            except guard.LastAdministrator as error:
                form.problem = error.message
        return self._person(form, user), 422 if request.method == "POST" else 200

    def _person(self, form: PersonForm, user: User | None) -> str:
        title = gettext("Edit %(row)s", row=full_name(user)) if user else gettext("Invite somebody")
        names = ["name", "email", "roles"] if user else ["name", "username", "email", "roles"]
        back = self.url("show", pk=user.id) if user else self.url("list")
        version = user.version if user else ""  # type: ignore[attr-defined]
        return self.page_of("accounts/person.html", form=form, title=title, names=names, back_url=back, version=version)

    def show_link(self, user: User) -> str:
        """Make a one-time link and show it, this once."""
        token = services.make_link(user, actor=current_actor())
        base = current_app.config.get("PUBLIC_URL") or request.host_url.rstrip("/")
        return self.page_of(
            "accounts/link_made.html", title=gettext("Invitation for %(name)s", name=full_name(user)), hours=services.LINK_HOURS,
            link=f"{base}/welcome/{token}/", person={"name": full_name(user)}, back_url=self.url("show", pk=user.id),
        )  # fmt: skip

    @verb(
        "link", _("New one-time link"), icon="fa-link", permission="write", many=False, when=lambda user: user.active,
        confirm=_("Make a link with which this person can set a new password? Older links stop working."),
    )  # fmt: skip
    def link(self, users: list[User], form: Any) -> Any:
        return self.show_link(users[0])

    @verb("lend", _("Lend a right"), icon="fa-handshake", permission="read", many=False, read_only=True, when=_may_be_lent_to)
    def lend(self, users: list[User], form: Any) -> Any:
        return redirect(url_for("accounts_lend.index", person=users[0].id))

    @verb(
        "sign_out", _("End all sessions"), icon="fa-arrow-right-from-bracket", permission="write",
        confirm=_("Log these people out everywhere?"),
    )  # fmt: skip
    def sign_out(self, users: list[User], form: Any) -> str:
        count = sum(services.end_sessions(user, actor=current_actor()) for user in users)
        return gettext("%(n)s sessions ended.", n=count)

    @verb(
        "reset_two_step", _("Reset the second step"), icon="fa-mobile-screen", permission="write", many=False,
        when=lambda user: twostep.is_on(user.id),
        confirm=_("Take the second step of this person away? The sessions end, and the person is told."),
    )  # fmt: skip
    def reset_two_step(self, users: list[User], form: Any) -> str:
        services.reset_two_step(users[0], actor=current_actor())
        return gettext("The second step was reset.")

    @verb(
        "disable", _("Disable"), icon="fa-user-slash", permission="write", tone="danger", when=lambda user: user.active,
        confirm=_("Disable these accounts? They are logged out at once. What they did stays under their names."),
    )  # fmt: skip
    def disable(self, users: list[User], form: Any) -> str:
        services.set_active_all(users, False, actor=current_actor())
        return gettext("%(n)s accounts disabled.", n=len(users))

    @verb("enable", _("Enable"), icon="fa-user-check", permission="write", when=lambda user: not user.active)
    def enable(self, users: list[User], form: Any) -> str:
        services.set_active_all(users, True, actor=current_actor())
        return gettext("%(n)s accounts enabled.", n=len(users))


@domain.view(_("Log-ins"), icon="fa-right-to-bracket", order=30)
class LoginEventView(PanelView):
    """Who logged in, or tried to, when and from where."""

    datamodel = PanelInterface(LoginEvent)
    title = _("Log-ins")
    one = _("log-in")
    found_everywhere = False
    list_columns = ["at", "user", "result", "ip", "agent"]
    filter_columns = ["at", "user", "result", "ip"]
    sort_columns = ["at"]
    search_columns = ["ip", "agent"]
    default_sort = "-at"
    quick_filters = ["result"]
    can_add = can_edit = can_delete = can_import = False
    formatters = {"agent": lambda event: cells.text(devices.describe(event.agent), event.agent)}


@domain.view(_("API keys"), icon="fa-key", order=40)
class ApiKeyView(PanelView):
    """The keys of everybody. They are made on "My account": whoever makes a key gives it only what he holds himself."""

    datamodel = PanelInterface(ApiKey)
    title = _("API keys")
    one = _("API key")
    list_columns = ["name", "kind", "owner", "state", "expires_at", "last_used_at", "last_used_from"]
    filter_columns = ["name", "kind", "owner", "expires_at", "last_used_at", "revoked_at"]
    sort_columns = ["name", "expires_at", "last_used_at"]
    search_columns = ["name", "prefix"]
    quick_filters = ["kind"]
    show_fieldsets = [
        (_("API key"), ["name", "kind", "owner", "prefix", "state"]),
        (_("Validity"), ["created_at", "expires_at", "revoked_at", "last_used_at", "last_used_from"]),
    ]
    label_columns = {"state": _("State")}
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No keys yet. They are made under My account, API keys.")
    formatters = {"state": lambda key: cells.badge(key.state.label, key.state.tone)}

    @verb(
        "revoke", _("Revoke"), icon="fa-ban", permission="write", tone="danger",
        when=lambda key: key.state is KeyState.VALID, confirm=_("Put these keys out of force? Their next request is refused."),
    )  # fmt: skip
    def revoke(self, found: list[ApiKey], form: Any) -> str:
        keys.revoke_all(found, actor=current_actor())
        return gettext("%(n)s keys revoked.", n=len(found))


@domain.panel(ApiKeyView, label=_("What it opens"), order=10)
def what_it_opens(key: ApiKey, actor: Any) -> tuple[str, dict[str, Any]]:
    return "accounts/_key_rights.html", {"rights": naming.spoken(key.rights), "only": only(key)}


def _created(values: dict[str, Any], *, actor: Any) -> User:
    roles = _role_keys(values.get("roles", []))
    return services.create_user(
        actor=actor, username=values["username"], name=values["first_name"], email=values["email"], roles=roles
    )


def _updated(user: User, values: dict[str, Any], *, actor: Any) -> None:
    if "username" in values:
        raise InvalidInput({"username": gettext("A user name cannot be changed.")})
    held = [role.name for role in user.roles]  # type: ignore[attr-defined]
    services.update_user(
        user, actor=actor, name=values.get("first_name", full_name(user)), email=values.get("email", user.email),
        roles=_role_keys(values["roles"]) if "roles" in values else held,
    )  # fmt: skip


def _deleted(user: User, *, actor: Any) -> None:
    raise DomainError(gettext("An account is disabled, not deleted: what the person did stays under the name."))


def _role_keys(ids: list[int]) -> list[str]:
    wanted = set(ids)
    return [role.name for role in queries.all_roles() if role.id in wanted]


records.override(User, create=_created, update=_updated, delete=_deleted)


@domain.panel(UserView, label=_("Two-step log-in"), order=5)
def second_step_of(user: User, actor: Any) -> tuple[str, dict[str, Any]] | None:
    """Does this person have a second step, for whoever may ask for it or reset it?"""
    if not policy.allowed(actor, "write", "accounts.User"):
        return None
    is_on = twostep.is_on(user.id)
    return "accounts/_second_step.html", {
        "is_on": is_on, "must": twostep.needs_two_step(user), "left": twostep.codes_left(user.id) if is_on else 0,
        "keys": len(passkeys.of(user.id)),
    }  # fmt: skip


@domain.panel(UserView, label=_("Log-in sessions"), order=10)
def sessions_of(user: User, actor: Any) -> tuple[str, dict[str, Any]] | None:
    """Where this person is logged in, for whoever may end it."""
    if not policy.allowed(actor, "write", "accounts.User"):
        return None
    return "accounts/_sessions.html", {"rows": queries.session_rows(user.id)}
