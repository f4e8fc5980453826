"""What the rest of the house may listen to. Sent inside the transaction: a listener that fails undoes the verb."""

from blinker import Namespace

_signals = Namespace()

session_begun = _signals.signal("live-session-begun")
"""A session goes on air: (session, actor)."""

session_ended = _signals.signal("live-session-ended")
"""A session is over: (session, actor)."""
