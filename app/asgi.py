"""What granian serves."""

import gc

from app import create_app
from app.panel.core.door import Door
from processes.parent import die_with_parent

die_with_parent()  # a server process whose master was killed would keep the port
app = Door(create_app())
gc.freeze()  # what lives as long as the process need not be searched for garbage
gc.set_threshold(10_000)  # nor the objects of a query after every 700th of them: a tenth of the work of an order
