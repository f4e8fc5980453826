"""What somebody typed into a search box as a condition on rows: of the fields that he may see, through the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, union

from app.panel.core import policy
from app.panel.core.fieldaccess import TAIL
from app.panel.core.fields import resource_of, spec
from app.panel.core.finding import hits, words
from app.panel.core.finding.plans import plan_of

LATEST = 50_000
Meaning = Callable[[str], ColumnElement[bool]]
_meanings: dict[type[Any], list[Meaning]] = {}


def means(model: type[Any]) -> Callable[[Meaning], Meaning]:
    """Let a search for rows of a model understand more than stands in its columns: `rule(words)` → condition."""

    def register(rule: Meaning) -> Meaning:
        _meanings.setdefault(model, []).append(rule)
        return rule

    return register


def has_meanings(model: type[Any]) -> bool:
    return model in _meanings


@dataclass(frozen=True)
class Places:
    """Where a word is looked for: in indexed fields of the row, in fields that no index knows, in rows that it points at, and
    in the last four digits of indexed numbers whose mask leaves those (`tails`, with the shortest number of which it does)."""

    model: type[Any]
    indexed: tuple[str, ...]
    others: tuple[str, ...]
    related: tuple[tuple[str, str], ...]
    tails: tuple[tuple[str, int], ...] = ()

    @property
    def all_indexed(self) -> tuple[str, ...]:
        return (*self.indexed, *(name for name, _shortest in self.tails))

    def only_indexed(self, asked: Iterable[str]) -> bool:
        """Does the index alone answer for these words?"""
        return not self.others and not self.related and not (self.tails and any(map(_is_tail, asked)))


def places(model: type[Any], names: Iterable[str], access: policy.FieldAccess) -> Places:
    """Those among the fields that the reader sees whole: a hidden or masked one would tell by hits what stands in it. By the
    last four digits, which a mask leaves, a number is found all the same, and by no more."""
    plan = plan_of(model)
    indexed, others, related, tails = [], [], [], []
    for name in names:
        head, _dot, tail = name.partition(".")
        if not access.usable(head):
            shortest = access.shows_tail(head)
            if shortest and not tail and plan is not None and spec(model, head).name in plan.letters:
                tails.append((spec(model, head).name, shortest))
            continue
        if tail:
            related.append((head, tail))
        elif plan is not None and spec(model, head).name in plan.letters:
            indexed.append(spec(model, head).name)
        else:
            others.append(head)
    return Places(model, tuple(dict.fromkeys(indexed)), tuple(others), tuple(related), tuple(tails))


def _is_tail(word: str) -> bool:
    return len(word) == TAIL and word.isdecimal()


def condition(
    model: type[Any], names: Sequence[str], q: str, access: policy.FieldAccess, actor: Any, *, in_order: bool = False
) -> ColumnElement[bool]:
    """Every word of the search box is found in some of the fields, or means the row; so may all words together.

    :param in_order: the statement reads a page of a list and not how many rows there are
    """
    if (known := by_index(model, names, q, access, in_order=in_order)) is not None:
        return known.condition()
    asked, rules, where = words.asked(q), _meanings.get(model, []), places(model, names, access)
    found = and_(*(_one_word(where, word, [rule(word) for rule in rules], actor) for word in asked))
    return or_(found, *(rule(" ".join(asked)) for rule in rules)) if len(asked) > 1 else found


def by_index(
    model: type[Any], names: Sequence[str], q: str, access: policy.FieldAccess, *, in_order: bool = False
) -> hits.Hits | None:  # fmt: skip
    """What `condition` is made of where the index alone answers; None where more than it is to be asked."""
    asked, where = words.asked(q), places(model, names, access)
    if not asked:
        return hits.Hits(model)
    if not where.only_indexed(asked) or has_meanings(model):
        return None
    return hits.find(model, where.indexed, asked, in_order=in_order)


def first_page(
    model: type[Any], names: Sequence[str], q: str, access: policy.FieldAccess, order: Any, size: int
) -> hits.FirstPage | None:
    """`hits.first_page` where the index alone answers."""
    asked, where = words.asked(q), places(model, names, access)
    if not asked or not where.only_indexed(asked) or has_meanings(model):
        return None
    return hits.first_page(model, where.indexed, asked, order, size)


def _one_word(where: Places, word: str, meant: list[ColumnElement[bool]], actor: Any) -> ColumnElement[bool]:
    options = [*meant]
    if where.others:
        said = [spec(where.model, name).column.icontains(word, autoescape=True) for name in where.others]
        options.append(and_(_among_the_latest(where.model), or_(*said)))
    if where.indexed:
        options.append(hits.find(where.model, where.indexed, [word]).condition())
    if _is_tail(word):
        for name, shortest in where.tails:
            number = spec(where.model, name).column
            ends_so = func.substr(number, func.length(number) - TAIL + 1) == word
            options.append(and_(hits.find(where.model, [name], [word]).condition(), func.length(number) >= shortest, ends_so))
    options += [_through(where.model, head, tail, word, actor) for head, tail in where.related]
    if len(options) < 2:
        return options[0] if options else false()
    # each by its own index: joined by OR, one that has none would have the whole table read
    return where.model.id.in_(union(*(select(where.model.id).where(option) for option in options)))  # type: ignore[no-any-return]


def _among_the_latest(model: type[Any]) -> ColumnElement[bool]:
    """The rows that are read one by one, where no index tells what they say: a log grows without end."""
    key = model.id  # type: ignore[attr-defined]
    first = select(key).order_by(key.desc()).offset(LATEST).limit(1).scalar_subquery()
    return key > func.coalesce(first, -1)  # type: ignore[no-any-return]


def _through(model: type[Any], head: str, tail: str, word: str, actor: Any) -> ColumnElement[bool]:
    """Rows that point at one that is found, of those that the reader may see."""
    first = spec(model, head)
    target: Any = first.target
    keys = select(target.id).where(condition(target, [tail], word, policy.fields(actor, resource_of(target)), actor))
    return first.column.in_(policy.scope(keys, actor, target))  # type: ignore[no-any-return]
