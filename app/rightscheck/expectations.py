"""What should happen, from `rights.yaml`, which people review, and never from the code of the policy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from app.rightscheck.routes import Call
from app.rightscheck.world import NOBODY

FILE = Path(__file__).parents[1] / "rights.yaml"
KEY, ADMINISTRATOR_ROLE = "key", "administrator"
EVERYBODY, LOGGED_IN, ADMINISTRATOR = "everybody", "whoever is logged in", "the administrator"
# what FAB calls the methods of a screen over a model and of its API, and the right that each asks for
SCREEN = {
    "list": "read", "show": "read", "add": "write", "edit": "write", "delete": "delete", "trash": "delete", "restore": "delete",
    "action_post": "read",
}  # fmt: skip
API = {"get_list": "read", "get": "read", "post": "write", "put": "write", "delete": "delete"}
NEEDS_OFFER = {"add": "add", "edit": "edit", "delete": "delete", "post": "add", "put": "edit"}
GATE, INSIDE, GONE = "refused", "let in", "not there"

Rights = Mapping[str, Mapping[str, Any]]  # {role: {resource: verbs}}


@functools.cache
def reviewed() -> dict[str, Any]:
    """The file as it was reviewed."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def delivered() -> Rights:
    """The rights of the roles as they are delivered, by role."""
    found: dict[str, dict[str, set[str]]] = {}
    for resource, verbs in reviewed()["rights"].items():
        for verb, roles in verbs.items():
            for role in roles:
                found.setdefault(role, {}).setdefault(resource, set()).add(verb)
    return found


class Expectations:
    """Who gets where, when these roles hold these rights."""

    def __init__(self, rights: Rights, file: Mapping[str, Any] | None = None) -> None:
        self.rights = rights
        self.file = file if file is not None else reviewed()
        self.key_owner: str = self.file["key"]["owner"]

    def holds(self, person: str, right: str) -> bool:
        """Does the file, or the configuration, say that this person has it?"""
        if person == ADMINISTRATOR_ROLE or right == EVERYBODY:
            return True
        if person == KEY and right not in (LOGGED_IN, ADMINISTRATOR):
            resource, verb = right.split()
            return verb in self.file["key"]["rights"].get(resource, ()) and self.holds(self.key_owner, right)
        if right == ADMINISTRATOR:
            return False
        if right == LOGGED_IN:
            return person != NOBODY
        resource, verb = right.split()
        return verb in self.rights.get(person, {}).get(resource, ())

    def rights_of(self, call: Call) -> tuple[list[str], bool]:
        """The rights of which one opens this address, and whether there is anything behind it.

        :raises KeyError: for a route of which the file says nothing
        """
        blueprint, _dot, method = call.endpoint.rpartition(".")
        if call.endpoint == "static" or method == "static":
            return [EVERYBODY], False
        if call.endpoint == "pickers.options":
            resource = call.part.split()[0]
            return [f"{resource} read", f"{resource} write"], True
        screen = self._screens.get(blueprint)
        if screen and call.part and method in ("action", "action_post"):
            return [f"{screen} {self.file['views'][screen]['operations'][call.part]}"], True
        if screen and call.name not in self.file["pages"]:
            verb = (API if blueprint.startswith("api_") else SCREEN)[method]
            offer = NEEDS_OFFER.get(method)
            is_there = method != "action_post" and (offer is None or offer in self.file["views"][screen]["offers"])
            return [f"{screen} {verb}"], is_there
        return [self.file["pages"][call.name]], True

    @functools.cached_property
    def _screens(self) -> dict[str, str]:
        """Blueprint of a screen or its API → resource."""
        plain = {resource.lower().replace(".", "_"): resource for resource in self.file["views"]}
        return {**plain, **{f"api_{name}": resource for name, resource in plain.items()}}

    def expected(self, call: Call, person: str) -> str:
        """What somebody meets who asks for a row of his own."""
        rights, is_there = self.rights_of(call)
        if person == KEY and not call.rule.startswith("/api/"):
            person = NOBODY  # a key opens nothing else, and what comes with one elsewhere is a visitor's
        if not any(self.holds(person, right) for right in rights):
            return GATE
        if call.endpoint.endswith(".restore") and person != ADMINISTRATOR_ROLE:
            return GONE  # in the trash everybody finds what he threw away himself
        special = self.file["answers"].get(call.name, {})
        return special.get(person) or special.get("all") or (INSIDE if is_there else GONE)

    def sees(self, person: str, resource: str, field: str) -> bool:
        """May this person read a guarded field whole?"""
        verb = self.file["guarded"][resource][field]
        return self.holds(person, f"{resource} {verb}")


def found(call: Call, answer: Any) -> str:
    """What an answer says: let in, refused, not there, or the number of an error."""
    status: int = answer.status_code
    if status in (401, 403) or (status == 302 and answer.location.startswith("/login/") and call.rule != "/logout/"):
        return GATE
    if status in (404, 405):
        return GONE
    return INSIDE if status < 500 else f"{status}"


Progress = Callable[[int, int], None]
