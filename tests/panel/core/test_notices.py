"""A notice is in the language of whoever reads it, whatever the language of whoever caused it."""

from flask_babel import force_locale, get_locale, lazy_gettext

from app.panel.accounts.models import Profile
from app.panel.bulk import loop
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunState
from app.panel.core import notices


def speaks(session, person, language):
    session.merge(Profile(user_id=person.id, language=language))
    session.commit()


def test_each_reader_gets_a_notice_in_his_own_language(session, ada, ben, cleo):
    speaks(session, ben, "zh_Hans_CN")
    speaks(session, cleo, "en")
    with force_locale("zh_Hans_CN"):
        sent = notices.send([ada.id, ben.id, cleo.id], lazy_gettext("The demo shop is ready."), lazy_gettext("Customers"))
    assert sent == 3
    titles = {person.username: notices.latest(person.id)[0].title for person in (ada, ben, cleo)}
    assert titles["cleo"] == titles["ada"] == "The demo shop is ready."
    assert titles["ben"] != titles["cleo"]
    assert notices.latest(ben.id)[0].body == "客户"


def test_an_import_speaks_the_language_of_whoever_began_it(session, ben, cleo, monkeypatch):
    spoken = []
    monkeypatch.setattr(loop, "_work_off", lambda _run, _held: spoken.append(str(get_locale())))
    speaks(session, ben, "zh_Hans_CN")
    for actor_id in (ben.id, cleo.id, None):
        run = Run(state=RunState.QUEUED, file_name="customers.csv", actor_id=actor_id)
        session.add(run)
        session.commit()
        loop.work_off(run.id)
    assert spoken == ["zh_Hans_CN", "en", "en"]
