"""Whoever a request is by is made of plain rows, and is as SQLAlchemy would have read him."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import Group
from sqlalchemy import inspect, select

from app.panel.accounts.login import sessions
from app.panel.accounts.models import Role, User
from app.panel.core import policy
from app.panel.core.db import db


def columns_of(row: Any) -> dict[str, Any]:
    return {one.key: getattr(row, one.key) for one in inspect(type(row)).column_attrs}


def test_the_person_of_a_session_is_the_one_that_the_database_knows(house: Flask, person: Any) -> None:
    with house.test_request_context():
        key = person("iolanda", "clerk", "people")
        value = sessions.begin(key, {})
    with house.test_request_context():
        _row, made = sessions.find(value) or (None, None)
        assert made is not None and inspect(made).persistent and made not in db.session.dirty and made is db.session.get(User, key)
        before, roles = columns_of(made), sorted(role.name for role in made.roles)
        db.session.expunge_all()
        read = db.session.get(User, key)
        assert read is not made and columns_of(read) == before and sorted(role.name for role in read.roles) == roles == ["clerk", "people"]
        assert sessions.find(value)[1] is read  # type: ignore[index]


def test_what_is_changed_of_the_person_of_a_request_is_saved(house: Flask, person: Any) -> None:
    with house.test_request_context():
        key = person("jolanda", "clerk")
        value = sessions.begin(key, {})
    with house.test_request_context():
        made = sessions.find(value)[1]  # type: ignore[index]
        made.roles.clear()
        made.first_name = "Jorinde"
        db.session.commit()
    with house.test_request_context():
        assert sessions.find(value) is None  # with other rights nobody goes on
        made = sessions.find(sessions.begin(key, {}))[1]  # type: ignore[index]
        assert made.first_name == "Jorinde" and made.roles == [] and made.groups == []


def test_a_group_brings_its_roles_to_the_person_of_a_session(house: Flask, person: Any) -> None:
    with house.test_request_context():
        key = person("kolumba")
        value = sessions.begin(key, {})
        role = db.session.scalar(select(Role).where(Role.name == "clerk"))
        db.session.add(Group(name="till", label="", description="", roles=[role], users=[db.session.get(User, key)]))
        db.session.commit()
    with house.test_request_context():
        made = sessions.find(value)[1]  # type: ignore[index]
        assert made.roles == [] and [name for name, _label in policy.roles_of(made)] == ["clerk"]
