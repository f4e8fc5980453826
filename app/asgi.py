"""What granian serves."""

import gc

from app import create_app
from app.panel.core.door import Door
from processes.parent import die_with_parent

die_with_parent()  # a server process whose master was killed would keep the port
app = Door(create_app())
gc.set_threshold(10_000)  # the objects of a query need not be looked at after every 700th: a tenth of the work of an order
