"""How large a file may be. Raise one only together with the memory and time figures in docs/figures.md."""

from __future__ import annotations

MB = 1024 * 1024

CSV_BYTES = 200 * MB
SHEET_BYTES = 15 * MB
SHEET_ROWS = 200_000
ROWS = 1_000_000
COLUMNS = 200
CELL_CHARS = 32 * 1024
# Beyond this the csv module gives up on the file: nearly always a quotation mark that is never closed.
RUNAWAY_CHARS = 4 * MB

ZIP_ENTRIES = 2_000
ZIP_BYTES = 400 * MB
ZIP_RATIO = 100
# A tiny part may compress better than 100 to 1 and harm nobody.
ZIP_SMALL = 4 * MB

CHILD_MEMORY = 512 * MB
# Processor time: a base for starting and small files, more by the megabyte, never more than the last.
CHILD_SECONDS = 30
CHILD_SECONDS_A_MB = 0.5
CHILD_SECONDS_MOST = 150
BATCH_ROWS = 2_000
HEADING_SEARCH = 30


def seconds_for(size: int) -> int:
    """Processor seconds that reading a file of so many bytes may take."""
    return min(CHILD_SECONDS + int(size / MB * CHILD_SECONDS_A_MB), CHILD_SECONDS_MOST)
