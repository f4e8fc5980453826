"""The traps of FAB's files (SAFETY 1.1): each check fails on its managers and holds on `core.files`."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask_appbuilder.filemanager import FileManager, ImageManager
from flask_appbuilder.models.mixins import FileColumn
from flask_appbuilder.models.sqla.interface import SQLAInterface
from PIL import Image
from sqlalchemy.orm import Session, declarative_base
from werkzeug.datastructures import FileStorage

from app.panel.core import files
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from tests.panel.stock import holds

Base = declarative_base()


class Paper(Base):
    __tablename__ = "stock_paper"

    id = sa.Column(sa.Integer, primary_key=True)
    file = sa.Column(FileColumn)


class PowerCut(Exception):
    pass


def png():
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def sides(stock_app, library, tmp_path, monkeypatch):
    """Each with `keep(stream, name, manager)`, the path of what was kept, or None; both in a folder two levels deep."""
    base = tmp_path / "deep" / "base"
    base.mkdir(parents=True)
    for app in (stock_app, library):
        monkeypatch.setitem(app.config, "UPLOAD_FOLDER", f"{base}/")
    for name, value in (("IMG_UPLOAD_FOLDER", f"{base}/"), ("IMG_UPLOAD_URL", "/static/img/"), ("IMG_SIZE", (300, 200, True))):
        monkeypatch.setitem(stock_app.config, name, value)

    def theirs(stream, name, manager):
        with stock_app.app_context():
            manager, given = manager(), FileStorage(stream=stream, filename=name, name="file")
            if not manager.is_file_allowed(name):
                return None
            return Path(manager.get_path(manager.save_file(given, manager.generate_name(None, given))))

    def ours(stream, name, _manager):
        with library.app_context():
            try:
                return files.path_of(files.receive(stream, name, kinds=files.KINDS).token)
            except DomainError:
                return None

    return [SimpleNamespace(base=base, app=app, keep=keep) for app, keep in ((stock_app, theirs), (library, ours))]


def test_the_name_of_a_file_leads_nowhere(sides):
    """F13"""

    def check(side):
        for name in ("../../../elsewhere/x.png", "a/b/c.png", "..\\..\\x.png"):
            path = side.keep(png(), name, ImageManager)
            assert path.exists()
            assert path.resolve().is_relative_to(side.base.resolve()), name
            assert name.rpartition("/")[2] not in path.name

    holds(check, *sides)


def test_what_a_file_is_called_does_not_make_it_one_of_ours(sides):
    """F17: pages, programs and drawings that run scripts, under their own name and under that of a picture."""

    def check(side):
        for content in (b"<html><script>alert(1)</script>", b"import os", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"):
            for name in ("page.html", "run.py", "drawing.svg", "picture.png"):
                assert side.keep(io.BytesIO(content), name, FileManager) is None, name

    holds(check, *sides)


def test_a_file_has_a_largest_size(sides, monkeypatch):
    """F17"""
    monkeypatch.setattr(files.receive, "__kwdefaults__", {**files.receive.__kwdefaults__, "max_bytes": 2**20})

    def check(side):
        assert side.app.config["MAX_CONTENT_LENGTH"]
        assert side.keep(io.BytesIO(b"%PDF-1.7\n" + b"0" * 2**20), "large.pdf", FileManager) is None

    holds(check, *sides)
    assert files.MAX_BYTES <= 20 * 2**20


def cut(_session):
    raise PowerCut


def test_bytes_stay_until_the_row_is_gone_for_good(sides):
    """F18: the commit fails after the row was deleted."""
    theirs, ours = sides

    def delete_theirs():
        engine = sa.create_engine("sqlite://")
        Base.metadata.create_all(engine)
        (theirs.base / "paper.txt").write_text("x")
        with theirs.app.app_context(), Session(engine) as session:
            session.add(paper := Paper(file="paper.txt"))
            session.commit()
            sa.event.listen(session, "before_commit", cut)
            with pytest.raises(PowerCut):
                SQLAInterface(Paper, session).delete(paper)
            session.rollback()
        return theirs.base / "paper.txt"

    def delete_ours():
        with ours.app.app_context():
            file = files.store(png(), "paper.png", actor=SYSTEM)
            path, key = files.path_of(file.token), file.id

            @transactional
            def forget():
                assert files.forget_unused(key - 1) == 1
                raise PowerCut

            with pytest.raises(PowerCut):
                forget()
            assert db.session.get(files.File, key)
            return path

    holds(lambda delete: check_exists(delete()), delete_theirs, delete_ours)


def check_exists(path):
    assert path.exists()
