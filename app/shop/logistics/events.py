"""What the rest of the house may listen to. Sent inside the transaction: a listener that fails undoes the verb."""

from blinker import Namespace

_signals = Namespace()

parcels_moved = _signals.signal("parcels-moved")
"""Couriers said something new: (sender: the Parcel class, parcels: list, actor)."""

compensation_approved = _signals.signal("compensation-approved")
"""A buyer is to get something for our being late: (compensation, actor)."""

waybill_asked = _signals.signal("waybill-asked")
"""Somebody waits for a number of a courier: (waybill, actor)."""

waybill_void = _signals.signal("waybill-void")
"""A number is not needed any more: (waybill, actor)."""
