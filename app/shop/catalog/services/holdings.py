"""Has a product any stock at all? The domain that keeps stock knows, and answers here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

# numbers of products → those of them of which some SKU lies, or lay, in a warehouse
Answer = Callable[[Sequence[int]], Collection[int]]
_answers: list[Answer] = []


def answered_by(answer: Answer) -> Answer:
    """Said once by the domain that keeps stock."""
    _answers[:] = [answer]
    return answer


def stocked(ids: Sequence[int]) -> dict[int, bool | None]:
    """By product, whether stock of it was ever taken on; None where nobody keeps stock."""
    known = set(_answers[0](ids)) if _answers and ids else set()
    return {key: key in known if _answers else None for key in ids}
