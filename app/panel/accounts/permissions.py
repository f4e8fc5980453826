"""Rights over people. The panel itself knows one role; the others come from the domains."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, or_

from app.panel.accounts.models.delegation import Delegation
from app.panel.core import policy

policy.role(
    policy.ADMINISTRATOR, _("Administrator"), _("May do everything, and says who else may do what."), order=10
)
policy.verbs("accounts.Configuration", publish=_("Publish"))
policy.name("accounts.Configuration", _("Changes"))
policy.verbs("accounts.Instance", reset=_("Start for real"))
policy.verbs("accounts.ApiKey", make=_("Make API keys"), machine=_("Make machine credentials"))
policy.verbs("accounts.RightsCheck", run=_("Run the rights check"))
policy.name("accounts.RightsCheck", _("Rights check"))
policy.verbs("accounts.Delegation", lend=_("Lend what one may do oneself"))


@policy.rows(Delegation, _("Only rights that one has lent or was lent."))
def loans_of_mine(actor: Any) -> ColumnElement[bool] | None:
    """What I have lent and what was lent to me; administrators are not asked."""
    return or_(Delegation.person_id == actor.id, Delegation.lender_id == actor.id)
