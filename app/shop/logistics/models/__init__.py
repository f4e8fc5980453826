"""Tables of the logistics domain."""

from app.shop.logistics.models.choices import (
    Aim,
    CompensationKind,
    CompensationState,
    CourierLink,
    MethodKind,
    ParcelState,
    WaybillState,
)
from app.shop.logistics.models.compensations import Compensation, CompensationRule
from app.shop.logistics.models.couriers import Courier, ShippingMethod, ShippingRule
from app.shop.logistics.models.parcels import Parcel, TraceEvent, Waybill

__all__ = [
    "Aim", "Compensation", "CompensationKind", "CompensationRule", "CompensationState", "Courier", "CourierLink", "MethodKind",
    "Parcel", "ParcelState", "ShippingMethod", "ShippingRule", "TraceEvent", "Waybill", "WaybillState",
]  # fmt: skip
