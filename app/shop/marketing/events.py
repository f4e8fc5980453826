"""What the rest of the house may listen to. Sent inside the transaction: a listener that fails undoes the verb."""

from blinker import Namespace

_signals = Namespace()

coupon_issued = _signals.signal("coupon-issued")
"""A customer has a coupon: (coupon, actor)."""

