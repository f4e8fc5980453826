"""The check as a whole, for the command line and the page."""

from __future__ import annotations

from app.panel.accounts.configuration import store
from app.rightscheck import scratch
from app.rightscheck.canaries import Sweep
from app.rightscheck.expectations import KEY, Expectations, Progress
from app.rightscheck.walk import Report, Walk
from app.rightscheck.world import NO_ROLE, NOBODY


def check(progress: Progress = lambda _done, _total: None) -> Report:
    """Check the configuration that is in force in this instance."""
    configuration = store.published()
    roles = scratch.roles_of(configuration)
    wanted = Expectations(scratch.rights_of(configuration))
    ruled = frozenset(name for name, entry in configuration["roles"].items() if entry["rows"])
    with scratch.instance(configuration) as app:
        world = scratch.populate(app, roles)
        key = scratch.make_key(world, wanted)
        people = [NOBODY, *roles, NO_ROLE, *([KEY] if key else [])]
        progress(0, len(people))
        report = Walk(world, wanted, people, key, ruled, progress).run()
        sweep = Sweep(world)
        report.found += sweep.holes()
        report.calls += sweep.calls
        return report
