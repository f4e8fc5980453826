"""The preview film: its length is read from its header, so that nobody has to time it (LVP-02)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import files
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.files import File
from app.panel.core.late import Late

tinytag = Late("tinytag")
READ = ("video/mp4", "video/quicktime")


def seconds_of(file_id: int) -> int:
    """The length of a film, rounded up.

    :raises InvalidInput: for another kind of film, and one without a length in its header
    """
    file = db.session.get(File, file_id)
    unread = InvalidInput({"film": _("The length of this film cannot be read. Choose an MP4 or MOV file.")})
    if file is None or file.mime not in READ:
        raise unread
    try:
        with files.path_of(file.token).open("rb") as stream:
            seconds = tinytag.TinyTag.get(file_obj=stream, tags=False).duration
    except (OSError, tinytag.TinyTagException, ValueError, ArithmeticError) as error:
        raise unread from error
    if not seconds or not 0 < seconds < 24 * 3600:
        raise unread
    return int(-(-seconds // 1))


def measured(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a session, with the length of the film that is among them."""
    if values.get("film_id"):
        return values | {"preview_seconds": seconds_of(values["film_id"])}
    return values
