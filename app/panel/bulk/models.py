"""Runs over many rows: what was asked, how far it is, what became of every record, and how rows stood before."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import mapped_column

from app.panel.bulk.states import Outcome, RunKind, RunState
from app.panel.core.columns import choice, flag, instant, integer, json_column, longtext, ref, relation, text
from app.panel.core.db import PanelModel


class Run(PanelModel):
    """One pass over many records. `position` is the last record whose effect is committed: a resumed run goes on behind it.

    `fence` grows whenever somebody takes the run up; a chunk of a holder with an older fence is rolled back. The rows of
    an operation and of its undo are frozen before they begin, as items with the outcome `todo`.
    """

    __tablename__ = "bulk_run"
    __no_history__ = True

    kind = choice(_("Kind"), RunKind, default=RunKind.IMPORT, readonly=True)
    state = choice(_("State"), RunState, default=RunState.DRAFT, readonly=True)
    importer = text(_("Layout"), 120, default="", readonly=True)
    operation = text(_("Operation"), 120, default="", readonly=True)
    resource = text(_("Rows of"), 80, default="", readonly=True)
    file_name = text(_("File"), 200, search=True, readonly=True)
    file_key = text(_("Stored as"), 80, default="", hidden=True)
    file_size = integer(_("File size"), default=0, readonly=True)
    file_hash = text(_("Fingerprint"), 64, default="", hidden=True)
    params = json_column(_("Settings"), default=dict, hidden=True)
    actor_id = ref(_("Started by"), "ab_user.id", ondelete="SET NULL", readonly=True)
    actor = relation("User", actor_id)
    undo_of_id = ref(_("Takes back"), "bulk_run.id", ondelete="SET NULL", readonly=True)
    undo_of = relation("Run", undo_of_id, remote_side="Run.id")
    is_undone = flag(_("Taken back"), default=False, readonly=True)
    approved_by_id = ref(_("Approved by"), "ab_user.id", ondelete="SET NULL", readonly=True)
    approved_by = relation("User", approved_by_id)
    begins_at = instant(_("Planned for"), readonly=True)

    rows = integer(_("Rows"), default=0, readonly=True, adds_up=True)
    read = integer(_("Records"), default=0, readonly=True, adds_up=True)
    new = integer(_("New"), default=0, readonly=True, adds_up=True)
    changed = integer(_("Updated"), default=0, readonly=True, adds_up=True)
    same = integer(_("Same"), default=0, readonly=True, adds_up=True)
    refused = integer(_("Refused"), default=0, readonly=True, adds_up=True)
    skipped = integer(_("Skipped"), default=0, readonly=True, adds_up=True)
    expected = integer(_("Records in all"), default=0, hidden=True)
    sums = json_column(_("Sums"), default=dict, hidden=True)
    findings = json_column(_("Result of the check"), default=dict, hidden=True)

    position = integer(_("Worked off to"), default=0, hidden=True)
    tried = integer(_("Being worked on to"), default=0, hidden=True)
    fence = integer(_("Fence"), default=0, hidden=True)
    lease_until = mapped_column(Float, nullable=False, default=0.0, server_default="0")
    crashes = integer(_("Crashes at this place"), default=0, hidden=True)
    started_at = instant(_("Started"), readonly=True)
    taken_at = instant(_("Taken up"), hidden=True, readonly=True)
    taken_read = integer(_("Records when it was taken up"), default=0, hidden=True)
    finished_at = instant(_("Finished"), readonly=True)
    error = longtext(_("Error"), readonly=True)

    __table_args__ = (Index(None, "state", "lease_until"), Index(None, "kind", "created_at"))

    def __str__(self) -> str:
        return f"#{self.id} {self.file_name or ''}".strip()

    @property
    def percent(self) -> int:
        return min(100, self.read * 100 // self.expected) if self.expected else 0


# The few items that somebody looks for by what became of them: each of them says why. As it stands here it has to stand in a query,
# too: SQLite asks such an index only where it finds its condition again, letter for letter. The condition of the index names no
# column that changes in every row: PostgreSQL would then write each row of a run into all its indexes once more.
LEFT_ALONE = sql("bulk_run_item.reason <> '' AND bulk_run_item.outcome IN ('refused', 'skipped')")


class RunItem(Model):
    """What became of one record of a run. Of an operation it is one row: how it stood before, and its version after. `lines` are
    those of a file; of an operation they hold what `images.remembered` says."""

    __tablename__ = "bulk_run_item"
    __table_args__ = (
        Index(
            "ix_bulk_run_item_left", "run_id", "seq", sqlite_where=sql("reason <> ''"), postgresql_where=sql("reason <> ''"),
        ),
        Index("ix_bulk_run_item_row", "row_id", "run_id"),
    )  # fmt: skip

    run_id = mapped_column(ForeignKey("bulk_run.id", ondelete="CASCADE"), primary_key=True)
    seq = mapped_column(Integer, primary_key=True, autoincrement=False)
    lines = mapped_column(JSON, nullable=False)
    key = mapped_column(String(200), nullable=False, default="")
    outcome = mapped_column(String(12), nullable=False, default=Outcome.NEW.value)
    reason = mapped_column(Text, nullable=False, default="")
    row_id = mapped_column(Integer, nullable=True)
    before = mapped_column(JSON(none_as_null=True), nullable=True)
    version = mapped_column(Integer, nullable=True)


class BeforeImage(Model):
    """A row that an import has written: its values before (None: the import made it), and its version after."""

    __tablename__ = "bulk_before_image"
    __table_args__ = (
        Index("ix_bulk_before_image_run", "run_id", "id"),
        Index("ix_bulk_before_image_row", "table", "row_id"),
    )

    id = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    run_id = mapped_column(ForeignKey("bulk_run.id", ondelete="CASCADE"), nullable=False)
    seq = mapped_column(Integer, nullable=False)
    table = mapped_column(String(80), nullable=False)
    row_id = mapped_column(Integer, nullable=False)
    before = mapped_column(JSON(none_as_null=True), nullable=True)
    version = mapped_column(Integer, nullable=True)


class Mapping(PanelModel):
    """How the columns of a file were mapped the last time: found again by its headings, by whoever brings such a file."""

    __tablename__ = "bulk_mapping"
    __table_args__ = (UniqueConstraint("fingerprint", "importer"),)

    name = text(_("Name"), 120, search=True, help=_("What you call such files."))
    fingerprint = text(_("Headings"), 64, required=True, hidden=True)
    importer = text(_("Layout"), 120, required=True, readonly=True)
    columns = json_column(_("Columns"), default=dict, hidden=True)

    def __str__(self) -> str:
        return self.name or self.importer

    @property
    def headings(self) -> str:
        """The columns that are used, with the field that each fills."""
        used = (self.columns or {}).get("columns") or {}
        return ", ".join(f"{heading} → {field}" for heading, field in used.items())
