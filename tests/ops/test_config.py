"""A wrong setting stops the start with one sentence that names it, and says nothing that is secret (SAFETY G44)."""

import os
import re
import stat
from pathlib import Path

import pytest
from flask import Flask

import config
import run
from app import cli
from app.panel.core import db as database
from tests.goals import goal
from tests.ops import loaded, tree

KEY = "k3y-" + "abcdefghijklmnop" * 3


def settings_of(tmp_path: Path, **env: str) -> dict:
    return config.load({"ZHANGGUI_HOME": str(tmp_path), "SECRET_KEY": KEY} | env)


def refusal(tmp_path: Path, **env: str) -> str:
    with pytest.raises(config.ConfigError) as caught:
        config.verify(settings_of(tmp_path, **env))
    assert caught.value.exit_code == 78
    return caught.value.format_message()


def test_every_setting_has_a_default(tmp_path):
    settings = settings_of(tmp_path)
    config.verify(settings)
    assert (settings["SERVER_HOST"], settings["SERVER_PORT"]) == ("127.0.0.1", 8080)
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/zhanggui.db"
    assert settings["EMBEDDED_VALKEY"] is True
    assert settings["FAB_UPDATE_PERMS"] is False and settings["FAB_CREATE_DB"] is False


def test_loading_writes_nothing(tmp_path):
    config.load({"ZHANGGUI_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"), ("PORT", "0"), ("PORT", "70000"), ("PORT", "8080; rm"), ("PORT", "８０８０"),
        ("ZHANGGUI_TIMEZONE", "Peking"), ("ZHANGGUI_TIMEZONE", "../etc/passwd"),
        ("ZHANGGUI_LANGUAGE", "klingon"),
        ("ZHANGGUI_URL", "panel.example.com"), ("ZHANGGUI_URL", "https://example.com/panel"),
        ("ZHANGGUI_TRUSTED_HOSTS", "*"), ("ZHANGGUI_TRUSTED_HOSTS", "a b"),
        ("ZHANGGUI_PROXIES", "many"), ("ZHANGGUI_WEB_THREADS", "0"), ("ZHANGGUI_UPLOAD_MB", "1e9"),
        ("ZHANGGUI_LOG_LEVEL", "loud"), ("FLASK_DEBUG", "perhaps"),
        ("ZHANGGUI_SMTP_URL", "mail.example.com"), ("ZHANGGUI_SMTP_URL", "smtp://h:abc"),
        ("ZHANGGUI_URL", "https://[::1"), ("ZHANGGUI_URL", "https://x:99999"), ("ZHANGGUI_URL", "https://x:0"),
        ("ZHANGGUI_URL", "https://not a host!"), ("ZHANGGUI_URL", "https://example.com/?a=1"),
        ("ZHANGGUI_URL", "https://user:hunter2@example.com"), ("ZHANGGUI_URL", "https://user@example.com"),
        ("HOST", "http://127.0.0.1"), ("HOST", "not a host!"), ("HOST", "[::1]"), ("HOST", "127.0.0.1:80"),
        ("REDIS_URL", "redis://localhost:abc"), ("REDIS_URL", "redis://[bad"), ("REDIS_URL", "unix:"),
        ("REDIS_URL", "unix://"), ("REDIS_URL", "redis://localhost/notadb"), ("REDIS_URL", "redis://localhost/0/1"),
        ("ZHANGGUI_MAIL_FROM", "shop@example.com\nBcc: all@example.com"), ("ZHANGGUI_MAIL_FROM", "the shop"),
        ("ZHANGGUI_METRICS_TOKEN", "short"), ("ZHANGGUI_METRICS_TOKEN", "with spaces in all of it"),
        ("DATABASE_URL", "postgresql://u:hunter2@h:abc/x"), ("DATABASE_URL", "postgresql://u:p@h/x\n"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_setting(tmp_path, name, value):
    sentence = refusal(tmp_path, **{name: value})
    assert sentence.startswith(name) and "hunter2" not in sentence
    assert "\n" not in sentence and sentence.endswith(".")


@pytest.mark.parametrize(
    "value", ["mysql://u:hunter2@h/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://u:hunter2@h/x", "x y"]
)
def test_only_a_file_or_postgresql_is_a_database(tmp_path, value):
    sentence = refusal(tmp_path, DATABASE_URL=value)
    assert "DATABASE_URL" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("text", ["postgres://u:p@h/x", "postgresql://u:p@h/x", "postgresql+psycopg://u:p@h/x"])
def test_each_spelling_of_postgresql_is_understood(tmp_path, text):
    assert settings_of(tmp_path, DATABASE_URL=text)["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u:p@h/x"


def test_a_relative_database_file_lies_in_the_home(tmp_path):
    url = settings_of(tmp_path, DATABASE_URL="sqlite:///shop.db")["SQLALCHEMY_DATABASE_URI"]
    assert url == f"sqlite:///{tmp_path}/shop.db"


@pytest.mark.parametrize("url", ["redis://10.0.0.5:6379/0", "rediss://cache.example.com/0", "valkey://cache:6379"])
def test_valkey_over_the_net_without_a_password_is_refused(tmp_path, url):
    assert "REDIS_URL" in refusal(tmp_path, REDIS_URL=url)


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://[::1]:6379", "redis://[::1]:6379"),
        ("valkey://:s3cret@cache:6379/1", "redis://:s3cret@cache:6379/1"),
        ("valkeys://:s3cret@cache:6379/1", "rediss://:s3cret@cache:6379/1"),
        ("valkey+unix:///run/v.sock", "unix:///run/v.sock"),
    ],
)
def test_a_local_or_guarded_valkey_is_taken_in_redis_spelling(tmp_path, url, spelled):
    settings = settings_of(tmp_path, REDIS_URL=url)
    config.verify(settings)
    assert settings["REDIS_URL"] == spelled
    assert settings["EMBEDDED_VALKEY"] is False


def test_another_scheme_for_valkey_is_refused(tmp_path):
    assert "REDIS_URL" in refusal(tmp_path, REDIS_URL="http://localhost")


@pytest.mark.parametrize("key", ["", "short", "thisismyscretkey", r"\2\1thisismyscretkey\1\2\e\y\y\h", "a" * 64])
def test_a_missing_short_or_known_secret_key_is_refused(tmp_path, key):
    sentence = refusal(tmp_path, SECRET_KEY=key)
    assert "SECRET_KEY" in sentence
    assert not key or key not in sentence


def test_the_secret_key_is_generated_once_and_private(tmp_path):
    home = tmp_path / "home"
    config.prepare(home)
    first = (home / "secret_key").read_text()
    config.prepare(home)
    assert (home / "secret_key").read_text() == first
    assert len(first) >= 64
    assert stat.S_IMODE((home / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert config.load({"ZHANGGUI_HOME": str(home)})["SECRET_KEY"] == first


def test_two_homes_have_two_keys(tmp_path):
    for name in ("a", "b"):
        config.prepare(tmp_path / name)
    assert (tmp_path / "a" / "secret_key").read_text() != (tmp_path / "b" / "secret_key").read_text()


def test_a_secret_key_that_others_can_read_is_refused(tmp_path):
    config.prepare(tmp_path / "home")
    (tmp_path / "home" / "secret_key").chmod(0o644)
    with pytest.raises(config.ConfigError, match=r"SECRET_KEY.*can be read by others"):
        config.load({"ZHANGGUI_HOME": str(tmp_path / "home")})


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ZHANGGUI_TIMZONE", "ZHANGGUI_TIMEZONE"), ("ZHANGGUI_WORKERS", ""), ("ZHANGGUI_METRIC_TOKEN", "ZHANGGUI_METRICS_TOKEN")],
)
def test_a_misspelt_name_is_refused_with_the_one_that_was_meant(tmp_path, name, meant):
    sentence = refusal(tmp_path, **{name: "x"})
    assert sentence.startswith(name) and meant in sentence


def test_every_name_of_the_example_is_known(tmp_path):
    named = set(re.findall(r"^#?([A-Z_]+)=", (config.ROOT / ".env.example").read_text(), re.M))
    assert named <= config.NAMES | set(config.OTHER_NAMES)
    assert len(named) > 15


def test_a_home_that_is_a_file_is_named_as_the_home(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(config.ConfigError, match="ZHANGGUI_HOME"):
        config.load({"ZHANGGUI_HOME": str(tmp_path / "file")})
    with pytest.raises(config.ConfigError, match="ZHANGGUI_HOME"):
        config.prepare(Path("/proc/nobody-makes-this"))


def test_a_folder_of_uploads_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(config.ConfigError, match="ZHANGGUI_UPLOADS"):
        config.prepare(tmp_path / "home", Path("/proc/x"))


def test_a_relative_folder_of_uploads_lies_in_the_home_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = settings_of(tmp_path / "home", ZHANGGUI_UPLOADS="../pictures")
    assert settings["UPLOAD_FOLDER"] == str(tmp_path / "pictures")


@pytest.fixture
def env_file(tmp_path, monkeypatch):
    """`env_file(text, mode)`: the settings as a file beside the program gives them."""

    def read(text, mode=0o600):
        path = tmp_path / "settings.env"
        path.write_text(text)
        path.chmod(mode)
        monkeypatch.setenv("ZHANGGUI_ENV_FILE", str(path))
        monkeypatch.delenv("ZHANGGUI_HOME", raising=False)
        return config.environment()

    return read


def test_the_environment_wins_over_the_file(env_file, monkeypatch):
    monkeypatch.setenv("PORT", "9000")
    found = env_file("PORT=8000\nZHANGGUI_LANGUAGE=zh\nZHANGGUI_HOME=home\n")
    assert (found["PORT"], found["ZHANGGUI_LANGUAGE"]) == ("9000", "zh")
    assert Path(found["ZHANGGUI_HOME"]).is_absolute()


@pytest.mark.parametrize(
    "line", ["ZHANGGUI_ADMIN_PASSWORD=x", "SECRET_KEY=x", "REDIS_URL=redis://:hunter2@h/0", "POSTGRES_PASSWORD=x"]
)
def test_a_file_with_passwords_that_others_can_read_is_refused(env_file, line):
    with pytest.raises(config.ConfigError, match="can be read by others") as caught:
        env_file(line, 0o644)
    assert "hunter2" not in caught.value.format_message()
    assert env_file(line, 0o600)
    assert env_file("PORT=8000\nDATABASE_URL=sqlite:///x.db\nREDIS_URL=redis://h:1/0", 0o644)["PORT"] == "8000"


def test_the_tests_themselves_never_read_the_settings_of_a_real_instance(tmp_path):
    assert os.environ["ZHANGGUI_ENV_FILE"] == tree.clean_env(tmp_path, 1)["ZHANGGUI_ENV_FILE"] == os.devnull
    assert not {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} & set(config.environment())


def test_debug_is_refused(tmp_path):
    assert "FLASK_DEBUG" in refusal(tmp_path, FLASK_DEBUG="1")


@pytest.mark.parametrize("folder", ["app/static/uploads", "app/static", "app/static/../static/x"])
def test_uploads_in_a_static_folder_are_refused(tmp_path, folder):
    assert "ZHANGGUI_UPLOADS" in refusal(tmp_path, ZHANGGUI_UPLOADS=str(config.ROOT / folder))


def test_no_fault_of_secrets_and_start_is_overlooked(tmp_path):
    """What SAFETY G44 names, each as an instance of its own would be started: one line and exit code 78."""
    keys = [{"SECRET_KEY": key} for key in ("", "short", "thisismyscretkey", r"\2\1thisismyscretkey\1\2\e\y\y\h")]
    doors = [{"REDIS_URL": f"redis://{host}:6379/0"} for host in ("cache", "192.168.1.9")]
    places = [{"ZHANGGUI_UPLOADS": str(config.ROOT / "app/static" / name)} for name in ("", "uploads")]
    readable = tmp_path / "readable"
    config.prepare(readable)
    (readable / "secret_key").chmod(0o644)
    faults = [*keys, *doors, *places, {"FLASK_DEBUG": "1"}, {"ZHANGGUI_HOME": str(readable)}]
    ended = []
    for fault in faults:
        known = {} if "ZHANGGUI_HOME" in fault else {"ZHANGGUI_HOME": str(tmp_path), "SECRET_KEY": KEY}
        with pytest.raises(config.ConfigError) as caught:
            config.verify(config.load(known | fault))
        ended.append(caught.value.exit_code == 78 and "\n" not in caught.value.format_message())
    goal("G44", f"{sum(ended)}_of_{len(faults)}_refused", f"{len(faults)}_of_{len(faults)}", all(ended))
    assert all(ended)


def test_a_short_administrator_password_is_refused_and_not_repeated(tmp_path):
    sentence = refusal(tmp_path, ZHANGGUI_ADMIN_PASSWORD="hunter2")
    assert "ZHANGGUI_ADMIN_PASSWORD" in sentence and "hunter2" not in sentence


def test_https_brings_secure_cookies(tmp_path):
    plain, secure = settings_of(tmp_path), settings_of(tmp_path, ZHANGGUI_URL="https://panel.example.com/")
    assert (plain["SESSION_COOKIE_SECURE"], secure["SESSION_COOKIE_SECURE"]) == (False, True)
    assert secure["PUBLIC_URL"] == "https://panel.example.com"
    assert "panel.example.com" in secure["TRUSTED_HOSTS"]


def test_a_long_home_gets_a_short_socket(tmp_path):
    near, far = Path("/srv/z"), tmp_path / ("long-" * 12) / ("名字" * 20)
    assert config.socket_path(near) == near / "valkey" / "valkey.sock"
    assert len(os.fsencode(config.socket_path(far))) <= config.LONGEST_SOCKET
    assert config.socket_path(far) != config.socket_path(far / "other")


def test_the_program_ends_with_code_78_and_one_line(tmp_path):
    done = tree.run(tmp_path, 0, PORT="eighty")
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1 and "PORT" in done.stderr


@pytest.mark.parametrize("part", ["all", "web", "worker", "ticker", "setup"])
def test_no_part_begins_with_a_wrong_setting(tmp_path, monkeypatch, capsys, part):
    monkeypatch.setenv("ZHANGGUI_HOME", str(tmp_path))
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setattr(os, "umask", lambda mask: 0)
    assert run.main([part]) == 78
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1) and "PORT" in said.err


def test_a_database_that_does_not_answer_ends_the_setup_with_one_sentence(tmp_path):
    env = tree.clean_env(tmp_path / "home", 8080, DATABASE_URL="postgresql://u:hunter2pw@127.0.0.1:1/x")
    done = loaded.run_to_its_end(env, tmp_path, "setup")
    assert done.returncode == 78, done.stderr
    assert done.stderr.startswith("Zhanggui cannot start: DATABASE_URL: the database at 127.0.0.1:1 cannot be used (")
    assert done.stderr.count("\n") == 1 and "hunter2pw" not in done.stderr


def test_a_database_file_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "x.db").write_text("this is no database, but a text that is long enough to be read as one" * 20)
    for path in ("/proc/nowhere/x.db", tmp_path / "x.db"):
        app = Flask("apart")
        app.config |= {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}"}
        database.init_app(app)
        with app.app_context(), pytest.raises(config.ConfigError, match="DATABASE_URL"):
            cli.ask_database()


def test_an_administrator_password_that_is_easily_guessed_is_named_and_not_repeated(session, monkeypatch):
    cli.refuse_weak_password("password1234")  # there is an administrator: it would not be used
    monkeypatch.setattr(cli.queries, "anybody", lambda: False)
    with pytest.raises(config.ConfigError, match="ZHANGGUI_ADMIN_PASSWORD") as caught:
        cli.refuse_weak_password("password1234")
    assert "password1234" not in caught.value.format_message()
    cli.refuse_weak_password(tree.PASSWORD)


def in_a_fork(home, port, *words):
    return loaded.flask_to_its_end(tree.clean_env(home, port), home.parent, *words)


@pytest.mark.parametrize(("flask", "words"), [(in_a_fork, ["db", "migrate"]), (tree.flask, ["--help"])])
def test_a_command_before_the_setup_is_told_to_set_up(tmp_path, flask, words):
    done = flask(tmp_path / "home", 8080, *words)
    assert done.returncode == 78 and done.stdout == ""
    assert "run.py setup" in done.stderr and done.stderr.count("\n") == 1


def test_nobody_waits_long_for_a_database():
    waiting = Flask("waiting")
    waiting.config |= {"SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://u:p@h/x"}
    database.init_app(waiting)
    assert waiting.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]["connect_timeout"] <= 5
