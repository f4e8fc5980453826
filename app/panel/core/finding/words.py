"""What can be found of a value: its text, its pinyin and its short grams. Pure functions.

A value is found by any part of three characters and more, written as it is, without its punctuation, in pinyin and by
pinyin initials. Shorter words are found through grams: one or two Chinese characters anywhere, the first one or two
letters of a word, a syllable or initials anywhere.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import unicodedata
from importlib.util import find_spec
from pathlib import Path

RULES = 1  # to be raised when texts or grams are made otherwise: the index is then built anew
LONGEST = 2000  # characters of a value that are indexed
LONGEST_SPOKEN = 200  # Chinese characters of it that are written in pinyin
SHORT_NAME = 6  # up to so many characters, every way to read them is indexed
MOST_READINGS = 8
SHORT = 2  # a trigram index finds nothing below three characters
LONGEST_NUMBER = 6  # digits; a longer one is found by three of them, for half of all numbers begin alike
SQUEEZED = 64
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[a-z0-9]+")


def normal(text: str) -> str:
    """As texts and questions are compared: one width, one case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def asked(q: str) -> list[str]:
    """The words of a question, at most eight."""
    return normal(q.replace("\x00", "")).split()[:8]


def searched_text(value: str) -> str:
    """All that a part of three characters is looked for in, a line each."""
    plain = normal(value[:LONGEST])
    lines = [plain]
    if len(plain) <= SQUEEZED and not _HAN.search(plain):
        lines.append("".join(_WORD.findall(plain)))
    spoken = readings(plain)
    lines += ["".join(one) for one in spoken]
    lines += ["".join(syllable[0] for syllable in one) for one in spoken]
    return "\n".join(dict.fromkeys(line for line in lines if line))


def grams(value: str) -> set[str]:
    """The words of one and two characters by which a value is found."""
    plain = normal(value[:LONGEST])
    found = {
        word[:size] for word in _WORD.findall(plain) for size in (1, SHORT) if not word.isdigit() or len(word) <= LONGEST_NUMBER
    }
    found |= {one for one in plain if one.isalnum() and not one.isascii()}
    for one, two in itertools.pairwise(plain):
        if one.isalnum() and two.isalnum() and not (one.isascii() and two.isascii()):
            found.add(one + two)
    for syllables in readings(plain):
        initials = "".join(syllable[0] for syllable in syllables)
        found |= {syllable[:SHORT] for syllable in syllables} | set(initials)
        found |= {one + two for one, two in itertools.pairwise(initials)}
    return found


def gram_of(word: str) -> str:
    """A short word as grams are written; empty where nothing is left of it."""
    return "".join(one for one in word if one.isalnum())


def trigrams(text: str) -> set[str]:
    """For a PostgreSQL without `pg_trgm`: every three characters that stand beside each other in a line."""
    return {line[at : at + 3] for line in text.split("\n") for at in range(len(line) - 2)}


def holds(value: str, word: str) -> bool:
    """Is a value found by a word? What the index would say, asked of one value."""
    if len(word) > SHORT:
        return word in searched_text(value)
    return gram_of(word) in grams(value)


def distance(value: str, q: str) -> int:
    """0 where a question is the whole value, as it is written, in pinyin or by its initials; 1 where it begins with the first
    word, 2 where it only holds it."""
    words, lines = asked(q), searched_text(value).split("\n")
    if not words or "".join(words) in (line.replace(" ", "") for line in lines):
        return 0
    return 1 if any(line.startswith(words[0]) for line in lines) else 2


def readings(plain: str) -> list[list[str]]:
    """The ways to read the Chinese characters of a text, a list of syllables each; the usual way first."""
    characters = "".join(_HAN.findall(plain))[:LONGEST_SPOKEN]
    known = [syllables for one in characters if (syllables := _pinyin().get(one))]
    if not known:
        return []
    if len(known) <= SHORT_NAME:
        return [list(one) for one in itertools.islice(itertools.product(*known), MOST_READINGS)]
    ways = [[syllables[min(place, len(syllables) - 1)] for syllables in known] for place in (0, 1)]
    return ways if ways[0] != ways[1] else ways[:1]


@functools.cache
def _pinyin() -> dict[str, tuple[str, ...]]:
    """Every way to read each character, without tones. Only pypinyin's table of characters: with the one of phrases, which
    tells a single reading, a process would be 57 MB larger."""
    place = find_spec("pypinyin")
    assert place is not None and place.submodule_search_locations
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # 27,000 characters are read in 4,500 ways: a third of the memory
    found, around = {}, "{,}\n "
    with (Path(place.submodule_search_locations[0]) / "pinyin_dict.json").open(encoding="utf-8") as lines:
        for line in lines:  # a character each; the whole at once would leave 10 MB of gaps behind
            for code, spoken in json.loads(f"{{{line.strip(around)}}}").items():
                if _HAN.match(one := chr(int(code))):
                    found[one] = same.setdefault(ways := _toneless(spoken), ways)
    return found


def _toneless(spoken: str) -> tuple[str, ...]:
    """`lǜ,lù` → `lv`, `lu`."""
    plain = unicodedata.normalize("NFD", spoken).replace("u\u0308", "v")
    letters = "".join(one for one in plain if one == "," or "a" <= one <= "z")
    return tuple(dict.fromkeys(one for one in letters.split(",") if one))
