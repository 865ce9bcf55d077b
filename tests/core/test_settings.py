"""Settings: read once from the environment, and every mistake named."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.settings import PREFIX, Settings, load_settings, pin_paths
from integration_admin.services.sign_in_limits import SignInLimits


def load(**values: str) -> Settings:
    return load_settings({PREFIX + name: value for name, value in values.items()})


def refusal(**values: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(**values)
    assert refused.value.__cause__ is None
    return str(refused.value.message)


def test_without_any_variable_everything_has_its_default() -> None:
    settings = load()
    assert settings.database == f"sqlite:///{Path.cwd()}/instance/integration_admin.sqlite3"
    assert settings.keys == Path.cwd() / "instance" / "keys"
    assert settings.public_url == "http://127.0.0.1:3000"
    assert settings.outbound_allow == ()
    assert (settings.log_format, settings.log_level, settings.trusted_proxies) == ("text", "INFO", 0)
    assert not settings.secure_cookies


def test_every_variable_is_read_and_foreign_ones_are_left_alone() -> None:
    settings = load_settings(
        {
            "PATH": "/usr/bin",
            "INTEGRATION_ADMI": "x",
            "integration_admin_log_level": "x",
            PREFIX + "INSTANCE_DIR": "/srv/ia",
            PREFIX + "DATABASE_URL": "postgresql://localhost/ia",
            PREFIX + "REDIS_URL": "redis://localhost",
            PREFIX + "KEY_DIR": "/run/keys",
            PREFIX + "PUBLIC_URL": "https://ia.example.org",
            PREFIX + "OUTBOUND_ALLOW": "10.0.0.0/8, erp.local:8443",
            PREFIX + "SMTP_URL": "smtp://localhost",
            PREFIX + "MAIL_FROM": "ia@example.org",
            PREFIX + "LOG_FORMAT": "json",
            PREFIX + "LOG_LEVEL": "DEBUG",
            PREFIX + "TRUSTED_PROXIES": "2",
        }
    )
    assert settings.database == "postgresql://localhost/ia"
    assert settings.keys == Path("/run/keys")
    assert settings.outbound_allow == ("10.0.0.0/8", "erp.local:8443")
    assert settings.trusted_proxies == 2
    assert settings.secure_cookies
    assert settings.redis_url == "redis://localhost:6379"
    assert (settings.smtp_url, settings.mail_from) == ("smtp://localhost", "ia@example.org")
    assert (settings.log_format, settings.log_level) == ("json", "DEBUG")


def test_the_database_and_the_keys_live_in_the_instance_directory() -> None:
    settings = load(INSTANCE_DIR="/srv/ia")
    assert settings.database == "sqlite:////srv/ia/integration_admin.sqlite3"
    assert settings.keys == Path("/srv/ia/keys")


@pytest.mark.parametrize("name", [*(field.upper() for field in Settings.model_fields), "KEY_DIR_FILE"])
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert load(**{name: ""}) == load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INSTANCE_DIR", "/srv/ia"),
        ("DATABASE_URL", "sqlite:////srv/ia.sqlite3"),
        ("KEY_DIR", "/srv/keys"),
        ("PUBLIC_URL", "https://ia.example.org"),
        ("SMTP_URL", "smtp://mail.example.org"),
        ("LOG_FORMAT", "json"),
    ],
)
def test_blanks_and_windows_line_ends_around_a_value_do_not_count(name: str, value: str) -> None:
    assert load(**{name: f" {value} \r\n"}) == load(**{name: value})
    assert load(**{name: " \r"}) == load()


def test_the_path_of_a_values_file_may_have_blanks_around_it_too(tmp_path: Path) -> None:
    file = tmp_path / "format"
    file.write_text("json")
    assert load(LOG_FORMAT_FILE=f"{file}\r").log_format == "json"


@pytest.mark.parametrize("name", [*(field.upper() for field in Settings.model_fields), "KEY_DIR_FILE"])
@pytest.mark.parametrize("mark", ['"', "'"])
def test_quotation_marks_around_a_value_are_refused_instead_of_becoming_part_of_it(
    name: str, mark: str
) -> None:
    sentence = refusal(**{name: f"{mark}FAKE-password-of-16{mark}"})
    assert sentence == f"{PREFIX}{name}: write it without the quotation marks around it."


def test_a_sender_whose_name_is_quoted_is_taken() -> None:
    assert load(MAIL_FROM='"Admin, Integration" <ia@example.org>').mail_from.endswith("<ia@example.org>")


def test_a_file_saved_with_a_byte_order_mark_is_read_without_it(tmp_path: Path) -> None:
    file = tmp_path / "format"
    file.write_bytes(b"\xef\xbb\xbfjson\r\n")
    assert load(LOG_FORMAT_FILE=str(file)).log_format == "json"


@pytest.mark.parametrize("name", ["KEYDIR", "DATABASE", "X_FILE", "_FILE", "", "LOG_LEVEL_FILE_FILE", "FILE"])
def test_an_unknown_variable_is_named(name: str) -> None:
    assert refusal(**{name: "x"}) == f"{PREFIX}{name} is not a setting."
    assert refusal(**{name: ""}) == f"{PREFIX}{name} is not a setting."


def test_a_file_may_hold_the_value(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:FAKE-password@localhost/ia\n")
    assert load(DATABASE_URL_FILE=str(file)).database == "postgresql://u:FAKE-password@localhost/ia"


def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "gone", tmp_path, binary):
        sentence = refusal(SMTP_URL_FILE=str(path))
        assert sentence == f"The file {PREFIX}SMTP_URL_FILE names cannot be read."


def test_a_value_and_its_file_together_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "level"
    file.write_text("DEBUG")
    both = {PREFIX + "LOG_LEVEL": "INFO", PREFIX + "LOG_LEVEL_FILE": str(file)}
    for environ in (both, dict(reversed(both.items()))):
        with pytest.raises(ConfigurationError, match="both set"):
            load_settings(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "info"),
        ("LOG_LEVEL", "TRACE"),
        ("LOG_FORMAT", "xml"),
        ("TRUSTED_PROXIES", "two"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "9"),
        ("PUBLIC_URL", "ia.example.org"),
        ("PUBLIC_URL", "//ia.example.org"),
        ("PUBLIC_URL", "ftp://ia.example.org"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://ia.example.org/app"),
        ("PUBLIC_URL", "https://ia.example.org?x=1"),
        ("PUBLIC_URL", "https://ia.example.org#x"),
        ("PUBLIC_URL", "https://user:FAKE-password@ia.example.org"),
        ("PUBLIC_URL", "https://ia.example.org:99999"),
        ("PUBLIC_URL", "https://ia.example.org:x"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "http://ia.example.org"),
        ("PUBLIC_URL", "http://10.0.0.1"),
        ("PUBLIC_URL", "http://0.0.0.0:3000"),
        ("PUBLIC_URL", "http://127.0.0.1.example.org"),
        ("PUBLIC_URL", "https://*"),
        ("PUBLIC_URL", "https://ia example.org"),
        ("PUBLIC_URL", "https://ia..example.org"),
        ("PUBLIC_URL", "https://<your-address>"),
        ("DATABASE_URL", "mysql://ia:FAKE-password@db.example.org/ia"),
        ("DATABASE_URL", "postgres://ia:FAKE-password@db.example.org/ia"),
        ("DATABASE_URL", "postgresql://ia:FAKE-password@db.example.org:FAKE-password/ia"),
        ("DATABASE_URL", "postgresql://ia:12/FAKE-password@db.example.org:x/ia"),
        ("DATABASE_URL", "postgresql://ia:FAKE@-password@db.example.org/ia"),
        ("DATABASE_URL", "postgresql:db"),
        ("DATABASE_URL", "db.sqlite3"),
        ("DATABASE_URL", "sqlite://instance/db.sqlite3"),
        ("DATABASE_URL", "sqlite://ia:FAKE-password@localhost/db.sqlite3"),
        ("REDIS_URL", "http://:FAKE-password@redis.example.org"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org:FAKE-password/0"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org:99999/0"),
        ("REDIS_URL", "redis://:FAKE-password@/0"),
        ("REDIS_URL", "redis.example.org"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org/abc"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org/0/1"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org//0"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org?db=abc"),
        ("REDIS_URL", "redis://redis.example.org/0?socket_timeout=FAKE-password"),
        ("REDIS_URL", "redis://redis.example.org/0?FAKE-password=1"),
        ("REDIS_URL", "redis://:FAKE-password@redis.example.org/0?ssl_cert_reqs=none"),
        ("REDIS_URL", "rediss://:FAKE-password@redis.example.org/0?ssl_cert_reqs=FAKE-password"),
    ],
)
def test_a_malformed_value_is_refused_by_the_variables_name_and_not_repeated(name: str, value: str) -> None:
    sentence = refusal(**{name: value})
    assert sentence.startswith(f"{PREFIX}{name}: ")
    assert "FAKE-password" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("given", "origin", "secure"),
    [
        ("https://ia.example.org", "https://ia.example.org", True),
        ("https://ia.example.org/", "https://ia.example.org", True),
        ("HTTPS://IA.Example.org", "https://ia.example.org", True),
        ("https://ia.example.org:443", "https://ia.example.org", True),
        ("https://ia.example.org:8443/", "https://ia.example.org:8443", True),
        ("http://localhost:3000", "http://localhost:3000", False),
        ("http://127.0.0.1:80", "http://127.0.0.1", False),
        ("http://127.9.9.9:3001", "http://127.9.9.9:3001", False),
        ("http://[::1]:3000", "http://[::1]:3000", False),
        ("https://[2001:db8::1]", "https://[2001:db8::1]", True),
        ("https://ia.blåbær.example.org", "https://ia.xn--blbr-roah.example.org", True),
    ],
)
def test_the_public_address_becomes_the_origin_a_browser_sends(
    given: str, origin: str, *, secure: bool
) -> None:
    settings = load(PUBLIC_URL=given)
    assert settings.public_url == origin
    assert settings.secure_cookies is secure


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/ia.sqlite3",
        "sqlite:///file:/srv/ia.sqlite3?uri=true",
        "sqlite+aiosqlite:////srv/ia.sqlite3",
        "postgresql://ia@db.example.org/ia",
        "postgresql+psycopg://ia:p#a/s?s:word@db.example.org:5432/ia?sslmode=require",
        "postgresql://ia:secret@[::1]:5432/ia",
        "postgresql:///ia?host=/run/postgresql",
    ],
)
def test_every_database_that_can_be_opened_may_be_named(url: str) -> None:
    assert make_url(load(DATABASE_URL=url).database) == make_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///?cache=shared",
        "sqlite+aiosqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:ia?mode=memory&uri=true",
    ],
)
def test_a_database_that_is_gone_when_the_program_stops_is_refused(url: str) -> None:
    assert refusal(DATABASE_URL=url) == (
        f"{PREFIX}DATABASE_URL: must name a file, for a database in memory is gone when the program stops."
    )


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("redis://redis.example.org/0", "redis://redis.example.org:6379/0"),
        ("redis://:p%40ss@redis.example.org", "redis://:p%40ss@redis.example.org:6379"),
        (
            "rediss://ia:secret@[::1]:7000/2?ssl_cert_reqs=none",
            "rediss://ia:secret@[::1]:7000/2?ssl_cert_reqs=none",
        ),
    ],
)
def test_redis_may_be_named_without_its_usual_port(given: str, taken: str) -> None:
    assert load(REDIS_URL=given).redis_url == taken
    SignInLimits(f"async+{taken}")


def test_the_allow_list_drops_blanks_and_keeps_order() -> None:
    assert load(OUTBOUND_ALLOW=" b:1 ,, a ,").outbound_allow == ("b:1", "a")


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().log_level = "DEBUG"


def test_only_the_loader_reads_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv(PREFIX + "LOG_LEVEL", "WARNING")
    assert Settings().log_level == "INFO"
    assert load_settings().log_level == "WARNING"


def test_relative_paths_mean_the_folder_the_settings_were_read_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(INSTANCE_DIR="mine", KEY_DIR="secret/keys", DATABASE_URL="sqlite:///data/own.sqlite3")
    monkeypatch.chdir("/")
    assert settings.instance_dir == tmp_path / "mine"
    assert settings.keys == tmp_path / "secret" / "keys"
    assert settings.database == f"sqlite:///{tmp_path}/data/own.sqlite3"


def test_a_process_in_another_folder_reads_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys.txt").write_text("secret/keys")
    Path("smtp.txt").write_text("smtp://user:password@localhost")
    given = {"KEY_DIR_FILE": "keys.txt", "SMTP_URL_FILE": "smtp.txt", "DATABASE_URL": "sqlite:///own.sqlite3"}
    environ = {PREFIX + name: value for name, value in given.items()}
    before = load_settings(environ)

    pin_paths(environ)
    monkeypatch.chdir("/")

    assert load_settings(environ) == before.model_copy(update={"key_dir": tmp_path / "secret" / "keys"})
    assert "password" not in "".join(environ.values())


@pytest.mark.parametrize("address", ["sqlite:////srv/ia.sqlite3", "sqlite:///file:ia.sqlite3?uri=true"])
def test_an_address_without_a_relative_file_stays_as_it_is(address: str) -> None:
    assert load(DATABASE_URL=address).database_url == address
