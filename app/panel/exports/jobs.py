"""Making large files in the background. A worker that dies begins anew: nobody has seen half of a file."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import ledger, loop, runs, store
from app.panel.bulk.models import Run
from app.panel.bulk.runs import Hold
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import history, notices
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.jobs import job, scheduled
from app.panel.core.transaction import transactional
from app.panel.exports import services

TELL_SECONDS = 1.0  # between two words on how far it is


def work_off(run: Run, held: Hold) -> RunState:
    """Write the file of a run to its end, or say why that is not possible."""
    try:
        with force_locale((run.params or {}).get("language") or notices.language_of(run.actor_id)):
            return _write(run, held)  # in the language of the page on which it was asked for
    except DomainError as error:
        db.session.rollback()
        runs.finish(held, RunState.FAILED, error=str(error))
        ledger.publish(held.run_id)
        return RunState.FAILED


def _write(run: Run, held: Hold) -> RunState:
    run_id, wish, actor = run.id, services.wish_of(run), runs.actor_of(run)
    keys = services.numbers(wish, actor=actor)
    runs.renew(held, expected=len(keys), read=0)
    ledger.publish(run_id)
    key, last = secrets.token_hex(16), [time.monotonic()]
    path = services.unfinished()

    def told(count: int) -> None:
        if time.monotonic() - last[0] > TELL_SECONDS and count < len(keys):
            runs.renew(held, read=count)
            ledger.publish(run_id)
            last[0] = time.monotonic()

    try:
        count = services.write(path, wish, keys, actor=actor, told=told)
        path.rename(store.folder() / key)
        _finish(held, key, (store.folder() / key).stat().st_size, count, wish, actor)
    except BaseException:
        path.unlink(missing_ok=True)
        store.forget(key)
        raise
    finally:
        keys.close()
    ledger.publish(run_id)
    announce(run_id, run.file_name, count, actor)
    return RunState.DONE


@transactional
def _finish(held: Hold, key: str, size: int, count: int, wish: services.Wish, actor: Any) -> None:
    with history.by("job", actor=actor):
        services.tell(services.view_of(wish.list_key), wish, count, actor=actor)
    runs.finish(held, RunState.DONE, file_key=key, file_size=size, read=count, rows=count)


@transactional
def announce(run_id: int, name: str, count: int, actor: Any) -> None:
    """Tell whoever has closed the page."""
    title = _("“%(file)s” is ready", file=name)
    body = _("%(n)s rows. The file can be fetched for %(hours)s hours.", n=count, hours=services.KEPT_HOURS)
    notices.send([actor.id], title, body, f"/exports/{run_id}/")


loop.WORK[RunKind.EXPORT] = work_off  # type: ignore[assignment]


@scheduled("exports.tidy", cron="40 * * * *", label=_("Delete exported files that have expired"))
@job("exports.tidy")
def tidy(**_arguments: Any) -> None:
    services.forget_old()
    services.forget_unfinished()


@tidy.rehearses
def would_tidy(at: Any, **_arguments: Any) -> list[str]:
    count = services.forget_old(at, really=False)
    return [gettext("%(n)s files would be deleted.", n=count)]
