"""The verbs of logistics: `from app.shop.logistics import services`, then `services.receive(courier, told, actor=…)`."""

from app.panel.core import records
from app.shop.logistics import settings as settings
from app.shop.logistics.models import Courier, ShippingMethod, ShippingRule
from app.shop.logistics.services.compensations import make_due
from app.shop.logistics.services.couriers import Known, checked, ensure_couriers, validate
from app.shop.logistics.services.methods import Suggestion, suggest, validate_method, validate_rule
from app.shop.logistics.services.parcels import catch_up, follow, forget_traces, note_standing, receive, to_ask
from app.shop.logistics.services.silence import flag_silent, heard

records.override(Courier, validate=validate)
records.override(ShippingMethod, validate=validate_method)
records.override(ShippingRule, validate=validate_rule)

__all__ = [
    "Known",
    "Suggestion",
    "catch_up",
    "checked",
    "ensure_couriers",
    "flag_silent",
    "follow",
    "forget_traces",
    "heard",
    "make_due",
    "note_standing",
    "receive",
    "suggest",
    "to_ask",
]
