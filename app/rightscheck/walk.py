"""The walk: every call by everybody, on his own rows and on another shop's, and a look at what stands in the answers."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.rightscheck import routes
from app.rightscheck import world as worlds
from app.rightscheck.expectations import ADMINISTRATOR_ROLE, GATE, GONE, INSIDE, KEY, Expectations, Progress, found
from app.rightscheck.routes import Call
from app.rightscheck.world import NO_ROLE, NOBODY, World

OWN, OTHERS = "own", "another's"
LEAK = "leak: "
SEEN_MOST = 2_000_000  # characters of an answer that are searched
JSON = {"Accept": "application/json"}  # a refusal in a line is quicker than one on a page and says the same


@dataclass(frozen=True)
class Hole:
    """One call that ended otherwise than it should. It `opens` when somebody met what is not his."""

    route: str
    role: str
    row: str
    expected: str
    seen: str
    opens: bool = True


@dataclass
class Report:
    """What a check has found."""

    routes: int = 0
    roles: int = 0
    calls: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    found: list[Hole] = field(default_factory=list)

    @property
    def holes(self) -> list[Hole]:
        return [hole for hole in self.found if hole.opens]

    def as_json(self) -> dict[str, Any]:
        return {
            "routes": self.routes, "roles": self.roles, "calls": self.calls, "holes": len(self.holes),
            "faults": len(self.found) - len(self.holes), "found": [asdict(hole) for hole in self.found],
        }  # fmt: skip


@dataclass
class Walk:
    """`people` are roles, a visitor, somebody without a role and a key; `bound` the roles that see only some rows."""

    world: World
    wanted: Expectations
    people: Sequence[str]
    key: str = ""
    ruled: frozenset[str] = frozenset()  # roles with row rules of the browser: their own row may be shut as well
    progress: Progress = lambda _done, _total: None
    only: Callable[[Call], bool] = lambda _call: True
    report: Report = field(default_factory=Report)

    def run(self) -> Report:
        """Ask for everything."""
        own = [call for call in routes.calls(self.world) if self.only(call)]
        self.report.routes, self.report.roles = len({call.rule for call in own}), len(self.people)
        undeclared = [call for call in own if not self._is_declared(call)]
        self.report.found += [Hole(call.name, "", OWN, "a line in rights.yaml", "none") for call in undeclared]
        skipped = {call.name for call in undeclared}
        clients = {person: self.client(person) for person in self.people}  # their sessions outlive what is undone
        with routes.undone(self.world.app) as undo:
            for number, person in enumerate(self.people):
                for side in "AB":
                    self._walk(person, side, skipped, clients[person], undo)
                self.progress(number + 1, len(self.people))
        return self.report

    def _is_declared(self, call: Call) -> bool:
        try:
            self.wanted.rights_of(call)
        except (KeyError, TypeError):
            return False
        return True

    def _walk(self, person: str, side: str, skipped: set[str], client: Any, undo: Any) -> None:
        if side == "B" and person in (NOBODY, NO_ROLE, ADMINISTRATOR_ROLE):
            return  # the administrator sees all, the others nothing on either side
        named = (self.wanted.key_owner if person == KEY else person) if side == "A" else "cleo"
        for call in routes.calls(self.world, side, named):
            if call.name in skipped or not self.only(call) or (side == "B" and not self._is_about_a_row(call)):
                continue
            self.check(call, person, side, client)
            undo()

    def check(self, call: Call, person: str, side: str, client: Any) -> None:
        """Call one address and judge the answer."""
        answer = client.open(call.path, method=call.method, data=dict(call.form) or None, headers=JSON)
        seen, wanted, row = found(call, answer), self.wanted.expected(call, person), OWN if side == "A" else OTHERS
        text = "" if answer.is_streamed and answer.direct_passthrough else answer.get_data(as_text=True)[:SEEN_MOST]
        text += " ".join(answer.headers.values())
        answer.close()
        self.report.calls += 1
        self.report.counts[person] += 1
        if side == "B":
            wanted, fits = f"{GATE} or {GONE}", seen in (GATE, GONE)
        else:
            fits = seen == wanted or (seen in (GATE, GONE) and person in self.ruled)
        if not fits:
            self.report.found.append(Hole(call.name, person, row, wanted, seen, opens=seen == INSIDE))
        if call.method == "GET" and (leaks := self.leaks(person, text)):
            said = f"{LEAK}{', '.join(leaks[:5])}"
            self.report.found.append(Hole(call.name, person, row, "nothing of others and nothing hidden", said))

    def _is_about_a_row(self, call: Call) -> bool:
        return "<" in call.rule and call.table in self.world.foreign and "trash" not in call.rule

    def leaks(self, person: str, text: str) -> list[str]:
        """Columns of another shop's rows, and guarded fields that this person may not read, whose values stand in a text."""
        if person == ADMINISTRATOR_ROLE:
            return []
        foreign = self.world.leaks(text) + (["amounts of another shop"] if worlds.DEAR_SHOWN.search(text) else [])
        guarded = sorted(worlds.secrets_in(text) | self.world.unmasked_in(text))
        return foreign + [f"{table}.{name}" for table, name in guarded if not self._may_see(person, table, name)]

    def _may_see(self, person: str, table: str, name: str) -> bool:
        resource = self._resources[table]
        asked = NOBODY if person == NO_ROLE else person
        return self.wanted.sees(asked, resource, name)

    @functools.cached_property
    def _resources(self) -> dict[str, str]:
        """Table → resource."""
        models = self.world.app.extensions["panel_models"]
        return {model.__tablename__: resource for resource, model in models.items()}

    def client(self, person: str) -> Any:
        client = self.world.client(NOBODY if person == KEY else person)
        # each from a place of his own: what is limited by place is limited for none of them by what the others asked
        client.environ_base["REMOTE_ADDR"] = f"127.0.0.{2 + self.people.index(person)}"
        if person == KEY:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        return client
