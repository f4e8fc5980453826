"""Another role for one of the people, and small pictures."""

import io

import pytest
from flask_appbuilder.security.sqla.models import Role
from PIL import Image

from app.panel.core import files, policy
from app.panel.core.actor import SYSTEM


@pytest.fixture
def as_role(session):
    """`as_role(ben, "deputy")`: he is that and nothing else from now on."""

    def change(person, *names):
        person.roles = session.query(Role).filter(Role.name.in_(names)).all()
        assert len(person.roles) == len(names)
        session.commit()
        policy.forget()

    return change


def png(width=500, height=500, colour=(200, 40, 40)):
    """The bytes of a picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def picture(session):
    """`picture(800, 500)`: a stored picture."""

    def store(width=500, height=500, actor=SYSTEM):
        return files.store(png(width, height), f"{width}x{height}.png", actor=actor)

    return store
