"""What happens in the setup, for the domains above."""

from blinker import Signal

shop_opened = Signal()  # sender: the Shop; actor. The first one too.
account_expiring = Signal()  # sender: the ChannelAccount; days: how many are left
application_submitted = Signal()  # sender: the OrgApplication; actor
application_rejected = Signal()  # sender: the OrgApplication; reasons: {attachment id: sentence}; actor
application_approved = Signal()  # sender: the OrgApplication; organisation; actor
