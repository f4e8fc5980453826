"""What the next quarter of an hour, half hour and hour will bring, and whether that can be told at all.

Two ways are tried beside the plainest one ("as it is now"): exponential smoothing with a damped trend (statsmodels'
ETS; Hyndman et al. 2008) on the minutes of this session, and the course that past sessions took from the same minute on.
On past sessions each way is asked at many minutes what would come, knowing only what was known then; a way speaks for a
figure and a span only when its mean absolute error there is below that of the plain one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

HORIZONS = (15, 30, 60)  # minutes
WARM_UP = 15  # minutes of a session before anything is said
EVERY = 10  # minutes between two questions of the back-test
LEAST = 20  # questions, of
SESSIONS = 3  # sessions at least, before a way may speak
INSIDE = 0.8  # share of what comes that the interval is to hold
PATHS = 300  # futures that are simulated

Course = Sequence[float]  # one number a minute


@dataclass(frozen=True)
class Ahead:
    """What one way says."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Asked:
    """One question of the back-test: what was said at that minute of the session of that place, and what came."""

    place: int
    minute: int
    said: float
    low: float
    high: float
    plain: float
    came: float


@dataclass(frozen=True)
class Skill:
    """How a way did on past sessions, for one figure and one span."""

    way: str
    horizon: int
    asked: int
    sessions: int
    error: float  # mean absolute error
    plain_error: float  # of "as it is now", asked at the same minutes
    inside: float  # share of what came that lay in the interval
    rows: tuple[Asked, ...] = ()  # what the figures above are made of

    @property
    def better_by(self) -> float:
        """Share of the plain error that is gone; negative when the way does worse."""
        return 1 - self.error / self.plain_error if self.plain_error else 0.0

    @property
    def may_speak(self) -> bool:
        return self.asked >= LEAST and self.sessions >= SESSIONS and self.better_by > 0


Way = Callable[[Course, int, bool, Sequence[Course]], Ahead | None]


def came(course: Course, minute: int, horizon: int, summed: bool) -> float | None:
    """What came: the figure `horizon` minutes after the first `minute` ones, or its sum over them; None when not seen."""
    if minute + horizon > len(course):
        return None
    span = course[minute : minute + horizon]
    return float(sum(span)) if summed else float(span[-1])


def plain(course: Course, horizon: int, summed: bool) -> float:
    """As it is now: the last figure, or what as many minutes brought just before (in proportion when there were fewer)."""
    if not summed:
        return float(course[-1])
    before = course[-horizon:]
    return float(sum(before)) * horizon / len(before)


def smoothed(course: Course, horizon: int, summed: bool, _past: Sequence[Course] = ()) -> Ahead | None:
    """Exponential smoothing; the interval from simulated futures, with one fixed seed. None when the course never changed."""
    if len(set(course)) == 1:
        return None
    numpy = importlib.import_module("numpy")
    models = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    values = numpy.asarray(course, dtype=float)
    fitted = models.ETSModel(values, error="add", trend="add", damped_trend=True).fit(disp=False, maxiter=200)
    paths = fitted.simulate(nsimulations=horizon, anchor="end", repetitions=PATHS, rng=numpy.random.default_rng(7))
    ends = numpy.asarray(paths).reshape(horizon, PATHS)
    ends = ends.sum(axis=0) if summed else ends[-1]
    expected = fitted.forecast(horizon)
    value = float(expected.sum() if summed else expected[-1])
    low, high = (float(bound) for bound in numpy.quantile(ends, [(1 - INSIDE) / 2, (1 + INSIDE) / 2]))
    return Ahead(max(0.0, value), max(0.0, low), max(0.0, high))


def as_before(course: Course, horizon: int, summed: bool, past: Sequence[Course]) -> Ahead | None:
    """As past sessions went on from the same minute: what is now, times their factors. None with fewer than three."""
    minute, now = len(course), plain(course, horizon, summed)
    factors = []
    for other in past:
        after = came(other, minute, horizon, summed)
        if after is not None and (then := plain(other[:minute], horizon, summed)) > 0:
            factors.append(after / then)
    if len(factors) < SESSIONS:
        return None
    tenths = quantiles(factors, n=10, method="inclusive")
    low, middle, high = tenths[0], quantiles(factors, n=2, method="inclusive")[0], tenths[-1]
    return Ahead(now * middle, now * low, now * high)


WAYS: dict[str, Way] = {"smoothed": smoothed, "as_before": as_before}


def back_test(courses: Sequence[Course], *, summed: bool, horizon: int, way: str) -> Skill:
    """Ask `way` at every tenth minute of each session what the others and the minutes so far would have told it."""
    rows: list[Asked] = []
    for number, course in enumerate(courses):
        others = [other for position, other in enumerate(courses) if position != number]
        for minute in range(WARM_UP, len(course) - horizon + 1, EVERY):
            actual = came(course, minute, horizon, summed)
            said = WAYS[way](course[:minute], horizon, summed, others)
            if said is None or actual is None:
                continue
            now = plain(course[:minute], horizon, summed)
            rows.append(Asked(number, minute, said.value, said.low, said.high, now, actual))
    return skill_of(way, horizon, rows)


def skill_of(way: str, horizon: int, rows: Sequence[Asked]) -> Skill:
    """What the questions of a back-test come to."""
    if not rows:
        return Skill(way, horizon, 0, 0, 0.0, 0.0, 0.0)
    return Skill(
        way, horizon, len(rows), len({row.place for row in rows}), fmean(abs(row.said - row.came) for row in rows),
        fmean(abs(row.plain - row.came) for row in rows), fmean(row.low <= row.came <= row.high for row in rows), tuple(rows),
    )  # fmt: skip


def best(courses: Sequence[Course], *, summed: bool, horizon: int) -> tuple[Skill | None, list[Skill]]:
    """(the way that may speak and errs least, or None; what each way reached)."""
    skills = [back_test(courses, summed=summed, horizon=horizon, way=way) for way in WAYS]
    able = [skill for skill in skills if skill.may_speak]
    return min(able, key=lambda skill: skill.error, default=None), skills


def say(skill: Skill, course: Course, *, summed: bool, past: Sequence[Course]) -> Ahead | None:
    """What the way of `skill` says now; None in the first minutes of a session."""
    if len(course) < WARM_UP:
        return None
    return WAYS[skill.way](course, skill.horizon, summed, past)
