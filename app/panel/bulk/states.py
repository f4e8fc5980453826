"""Closed lists of runs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class RunKind(Choices):
    IMPORT = "import", _("Import"), "info"
    UNDO = "undo", _("Undo"), "warning"
    OPERATION = "operation", _("Operation"), "neutral"
    EXPORT = "export", _("Export"), "info"


class RunState(Choices):
    DRAFT = "draft", _("Being prepared"), "muted"
    CHECKING = "checking", _("Being checked"), "info"
    CHECKED = "checked", _("Checked"), "info"
    ASKED = "asked", _("Waits for approval"), "warning"
    QUEUED = "queued", _("Waiting"), "neutral"
    RUNNING = "running", _("Running"), "info"
    PAUSED = "paused", _("Paused"), "warning"
    DONE = "done", _("Done"), "success"
    CANCELLED = "cancelled", _("Cancelled"), "warning"
    FAILED = "failed", _("Failed"), "danger"


WORKING = (RunState.CHECKING, RunState.QUEUED, RunState.RUNNING)
FINISHED = (RunState.DONE, RunState.CANCELLED, RunState.FAILED)


class Outcome(Choices):
    """What became of one record."""

    NEW = "new", _("New"), "success"
    CHANGED = "changed", _("Updated"), "info"
    SAME = "same", _("Same"), "muted"
    REFUSED = "refused", _("Refused"), "danger"
    SKIPPED = "skipped", _("Skipped"), "warning"
    TODO = "todo", _("Not reached"), "muted"
