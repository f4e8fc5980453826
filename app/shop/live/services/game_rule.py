"""What a game is, before anybody plays it: the rule that is fixed when it opens."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from app.panel.core.errors import InvalidInput
from app.shop.live.feed.words import folded
from app.shop.live.states import Condition, GameKind

MOST_CHOICES, MOST_WINNERS = 8, 1000
SHORTEST, LONGEST, LATEST = 5, 4 * 3600, 12 * 3600
ASKING = (GameKind.POLL, GameKind.QUIZ)


@dataclass(frozen=True)
class Rule:
    """What a game is. Opens `opens_in` seconds from now, or `opens_after` seconds after the session begins."""

    kind: GameKind
    prompt: str
    seconds: int
    condition: Condition = Condition.COMMENT
    choices: tuple[tuple[str, str], ...] = ()  # (word, what it means)
    answer: str = ""
    keyword: str = ""
    prize: str = ""
    winners: int = 0
    batch_id: int | None = None
    item_id: int | None = None
    opens_in: int = 0
    opens_after: int | None = None
    draws_itself: bool = False
    host_sees_answer: bool = False


def check(rule: Rule) -> None:
    """:raises InvalidInput: naming each field that does not fit"""
    wrong: dict[str, object] = {}
    if not 0 < len(rule.prompt.strip()) <= 200:
        wrong["prompt"] = _("Write 1 to %(n)s characters.", n=200)
    if not SHORTEST <= rule.seconds <= LONGEST:
        wrong["seconds"] = _("Open for %(least)s seconds to %(most)s hours.", least=SHORTEST, most=LONGEST // 3600)
    if not 0 <= rule.opens_in <= LATEST or not 0 <= (rule.opens_after or 0) <= LATEST:
        wrong["opens_in"] = _("Opens within %(n)s hours.", n=LATEST // 3600)
    if rule.kind is not GameKind.POLL and not 1 <= rule.winners <= MOST_WINNERS:
        wrong["winners"] = _("Between 1 and %(n)s winners.", n=MOST_WINNERS)
    if rule.kind is not GameKind.POLL and not (0 < len(rule.prize.strip()) <= 200):
        wrong["prize"] = _("What is there to win?")
    if rule.condition is Condition.KEYWORD and not 0 < len(folded(rule.keyword)) <= 60:
        wrong["keyword"] = _("Which word is to be written?")
    if (rule.condition is Condition.CHOICE) is not (rule.kind in ASKING):
        wrong["condition"] = _("Choose one from the list.")
    if rule.kind in ASKING:
        wrong |= _wrong_choices(rule)
    if wrong:
        raise InvalidInput(wrong)


def _wrong_choices(rule: Rule) -> dict[str, object]:
    words = [folded(word) for word, _label in rule.choices]
    least = 2 if rule.kind is GameKind.QUIZ else 1
    if not least <= len(words) <= MOST_CHOICES:
        return {"choices": _("Between %(least)s and %(most)s choices.", least=least, most=MOST_CHOICES)}
    if any(not 0 < len(word) <= 60 for word in words) or len(set(words)) != len(words):
        return {"choices": _("Each choice needs a word of its own, by which it is told from the others.")}
    if rule.kind is GameKind.QUIZ and folded(rule.answer) not in words:
        return {"answer": _("Which of the choices is right?")}
    return {}
