"""What watches the comments and figures of sessions: lists of words, muted viewers, answers and rules, and what they did."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.feed import defaults
from app.shop.live.feed.states import HintState
from app.shop.live.models import LiveBlockWord, LiveHint, LiveHintRule, LiveMute, LivePlay, LiveReply, LiveReplyRule


@domain.view(_("Hints"), icon="fa-lightbulb", order=60)
class LiveHintView(PanelView):
    datamodel = PanelInterface(LiveHint)
    title = _("Hints")
    one = _("hint")
    list_columns = ["at", "session", "kind", "item", "source", "before", "usual", "advice", "state", "after"]
    filter_columns = ["session", "kind", "item", "source", "state", "at"]
    sort_columns = ["at"]
    default_sort = "-at"
    quick_filters = ["state", "kind"]
    show_fieldsets = [
        (_("Hint"), ["session", "at", "kind", "item", "source", "before", "usual", "advice", "rule"]),
        (_("Result"), ["state", "done_by", "done_at", "after"]),
    ]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No hints yet. They come from the figures of a session, by the rules of hints.")

    @verb("follow", _("Followed"), icon="fa-check", permission="answer", primary=True,
          when=lambda hint: hint.state is HintState.NEW)  # fmt: skip
    def follow(self, hints: list[LiveHint], form: Any) -> str:
        for hint in hints:
            defaults.answer(hint, HintState.FOLLOWED, actor=current_actor())
        return gettext("%(n)s hints followed.", n=len(hints))

    @verb("dismiss", _("Set it aside"), icon="fa-box-archive", permission="answer",
          when=lambda hint: hint.state is HintState.NEW)  # fmt: skip
    def dismiss(self, hints: list[LiveHint], form: Any) -> str:
        for hint in hints:
            defaults.answer(hint, HintState.DISMISSED, actor=current_actor())
        return gettext("%(n)s hints set aside.", n=len(hints))


@domain.view(_("Rules of hints"), icon="fa-sliders", order=61)
class LiveHintRuleView(PanelView):
    datamodel = PanelInterface(LiveHintRule)
    title = _("Rules of hints")
    one = _("rule")
    list_columns = ["name", "kind", "threshold", "minutes", "least", "quiet_minutes", "advice", "is_active"]
    default_sort = "name"
    form_fieldsets = [
        (_("Rule"), ["name", "kind", "threshold", "minutes", "least", "quiet_minutes"]),
        (_("Suggested action"), ["advice", "is_active"]),
    ]
    can_import = False
    empty_text = _("No rules yet: nobody is warned of anything.")


@domain.view(_("Playbook"), icon="fa-book", order=62)
class LivePlayView(PanelView):
    datamodel = PanelInterface(LivePlay)
    title = _("Playbook")
    one = _("entry of the playbook")
    list_columns = ["kind", "title", "steps", "position", "is_active"]
    filter_columns = ["kind", "is_active"]
    default_sort = "position"
    quick_filters = ["kind"]
    can_import = False
    form_fieldsets = [(_("Entry"), ["kind", "title", "steps", "position", "is_active"])]
    show_fieldsets = form_fieldsets
    empty_text = _("Nothing yet. What helped last time stands here, and beside each hint of its kind.")


@domain.view(_("Block words"), icon="fa-comment-slash", order=70)
class LiveBlockWordView(PanelView):
    datamodel = PanelInterface(LiveBlockWord)
    title = _("Block words")
    one = _("word")
    list_columns = ["word", "note", "is_active"]
    default_sort = "word"
    can_import = False
    empty_text = _("No words yet. Comments with one of them are hidden, and kept.")


@domain.view(_("Muted viewers"), icon="fa-user-slash", order=71)
class LiveMuteView(PanelView):
    datamodel = PanelInterface(LiveMute)
    title = _("Muted viewers")
    one = _("muted viewer")
    list_columns = ["viewer", "name", "session", "why"]
    default_sort = "viewer"
    can_import = False
    empty_text = _("Nobody is muted.")


@domain.view(_("Automatic answers"), icon="fa-robot", order=72)
class LiveReplyRuleView(PanelView):
    datamodel = PanelInterface(LiveReplyRule)
    title = _("Automatic answers")
    one = _("answer")
    list_columns = ["words", "answer", "seconds", "is_active"]
    default_sort = "words"
    can_import = False
    empty_text = _("No answers yet. A comment with one of the words is answered, at most once in so many seconds.")


@domain.view(_("Answers given by themselves"), icon="fa-comments", order=73)
class LiveReplyView(PanelView):
    datamodel = PanelInterface(LiveReply)
    title = _("Answers given by themselves")
    one = _("answer")
    list_columns = ["at", "session", "asked", "answer", "rule"]
    filter_columns = ["session", "rule", "at"]
    sort_columns = ["at"]
    default_sort = "-at"
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No comment was answered yet.")
