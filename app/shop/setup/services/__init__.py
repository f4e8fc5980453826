"""Verbs of the setup: shops, staff, platform accounts, onboarding."""

from app.shop.setup.services.accounts import expire_accounts, remind_of_accounts
from app.shop.setup.services.logos import crop_logo, set_logo
from app.shop.setup.services.onboarding import apply, approve, attach, reject, replace, submit
from app.shop.setup.services.shops import first_run, open_channel, open_shop, shop_findings
from app.shop.setup.services.staff import assign_to_shop

__all__ = [
    "apply", "approve", "assign_to_shop", "attach", "crop_logo", "expire_accounts", "first_run", "open_channel",
    "open_shop", "reject", "remind_of_accounts", "replace", "set_logo", "shop_findings", "submit",
]  # fmt: skip
