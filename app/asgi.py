"""What granian serves."""

from app import create_app
from app.panel.core.door import Door
from processes.parent import die_with_parent

die_with_parent()  # a server process whose master was killed would keep the port
app = Door(create_app())
