"""Rights over people. The panel itself knows one role; the others come from the domains."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core import policy

policy.role(
    policy.ADMINISTRATOR, _("Administrator"), _("May do everything, and says who else may do what."), order=10
)
policy.verbs("accounts.Configuration", publish=_("Publish"))
policy.name("accounts.Configuration", _("Changes"))
policy.verbs("accounts.Instance", reset=_("Start for real"))
policy.verbs("accounts.ApiKey", make=_("Make API keys"), machine=_("Make machine credentials"))
