"""The environment is typed, and production refuses what is unsafe."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from oms_project.settings.databases import cache_config, channel_layer_config, database_config
from oms_project.settings.env import Environment, EnvironmentInvalid, kept_secret, load
from oms_project.settings.safety import refuse_unsafe

SAFE = {
    "JWT_ALGORITHM": "HS256",
    "SECRET_KEY": "q8Zr2vN5xW1yB4cD7eF0gH3jK6mP9sT-uVaXbYdZfAhCjEkGlInLoMqOrQtSwU",
    "JWT_SECRET": "Jd82-kfLw01nvBq73mZxPy56RtGh49scUeAi",
    "ALLOWED_HOSTS": "oms.example.org, api.example.org",
}


def test_every_variable_has_a_sentence() -> None:
    silent = [name for name, field in Environment.model_fields.items() if not field.description]
    assert silent == []


def test_values_get_their_types() -> None:
    environment = load(
        {
            "DEBUG": "true",
            "POSTGRESQL_POOL_SIZE": "7",
            "ALLOWED_HOSTS": "a, b,",
            "OMS_DATA_DIR": "/tmp/x",
            "OMS_CACHE_LOCAL_TTL": "",
            "UNKNOWN": "is not ours",
        }
    )
    assert environment.DEBUG is True
    assert environment.POSTGRESQL_POOL_SIZE == 7
    assert environment.ALLOWED_HOSTS == ["a", "b"]
    assert Path("/tmp/x") == environment.OMS_DATA_DIR
    assert environment.OMS_CACHE_LOCAL_TTL == 60


def test_the_documented_defaults() -> None:
    environment = load({})
    assert (environment.POSTGRESQL_POOL_SIZE, environment.REDIS_POOL_SIZE) == (50, 100)
    assert environment.OMS_CACHE_LOCAL_SIZE == 1000
    assert environment.OMS_CACHE_LOCAL_TTL == 60
    assert environment.OMS_CACHE_REDIS_TTL == 300
    assert environment.JWT_ALGORITHM == "EdDSA"


def test_what_cannot_be_used_is_named_all_at_once() -> None:
    with pytest.raises(EnvironmentInvalid) as refused:
        load({"POSTGRESQL_POOL_SIZE": "many", "JWT_ALGORITHM": "none", "DEBUG": "perhaps"})
    for name in ("POSTGRESQL_POOL_SIZE", "JWT_ALGORITHM", "DEBUG"):
        assert f"{name}: " in str(refused.value)


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "var", "secret_key")
    assert kept_secret(tmp_path / "var", "secret_key") == first
    assert kept_secret(tmp_path / "var", "jwt_secret") != first
    assert len(first) >= 64
    mode = (tmp_path / "var" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_production_accepts_what_is_safe() -> None:
    refuse_unsafe(load(SAFE))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing."),
        ({"JWT_SECRET": ""}, "JWT_SECRET is missing."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters and needs at least 50."),
        ({"JWT_SECRET": "a" * 40}, "JWT_SECRET is too regular to be secret."),
        (
            {"JWT_SECRET": "changeme-0123456789-abcdefghijklmnopq"},
            "JWT_SECRET is a placeholder from an example.",
        ),
        (
            {"SECRET_KEY": "django-insecure-" + SAFE["SECRET_KEY"]},
            "SECRET_KEY is a placeholder from an example.",
        ),
        ({"JWT_SECRET": SAFE["SECRET_KEY"]}, "JWT_SECRET must differ from SECRET_KEY."),
        ({"DEBUG": "1"}, "DEBUG must not be set"),
        ({"OMS_METRICS_TOKEN": "prometheus"}, "OMS_METRICS_TOKEN has 10 characters"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the hosts"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name hosts, not '*'."),
    ],
)
def test_production_refuses_and_names_the_setting(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(EnvironmentInvalid) as refused:
        refuse_unsafe(load({**SAFE, **change}))
    assert sentence in str(refused.value)


def test_a_long_token_of_scrapers_is_accepted() -> None:
    refuse_unsafe(load({**SAFE, "OMS_METRICS_TOKEN": "Zq7-pLm3vXc91-kRt5wYb28-hNs40-gDf6"}))


def test_keys_of_the_keyring_need_no_shared_secret() -> None:
    for algorithm in ("EdDSA", "RS256"):
        refuse_unsafe(load({**SAFE, "JWT_ALGORITHM": algorithm, "JWT_SECRET": ""}))


def test_pages_of_other_origins_are_named_in_full() -> None:
    with pytest.raises(EnvironmentInvalid, match="CORS_ALLOWED_ORIGINS must name origins"):
        refuse_unsafe(load({**SAFE, "CORS_ALLOWED_ORIGINS": "https://*.example.org"}))
    refuse_unsafe(load({**SAFE, "CORS_ALLOWED_ORIGINS": "https://app.example.org"}))


def test_sqlite_is_durable_and_waits_for_its_turn(tmp_path: Path) -> None:
    config = database_config(load({"OMS_DATA_DIR": str(tmp_path)}))
    assert config["NAME"] == str(tmp_path / "oms.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert config["OPTIONS"]["timeout"] == 20
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        assert f"PRAGMA {pragma};" in config["OPTIONS"]["init_command"]


def test_postgresql_has_a_pool_of_the_size_that_is_set() -> None:
    config = database_config(
        load({"DATABASE_URL": "postgresql://u:p%40ss@db:5433/oms", "POSTGRESQL_POOL_SIZE": "9"})
    )
    assert config["ENGINE"] == "django.db.backends.postgresql"
    assert (config["HOST"], config["PORT"], config["NAME"]) == ("db", 5433, "oms")
    assert (config["USER"], config["PASSWORD"]) == ("u", "p@ss")
    assert config["OPTIONS"]["pool"]["max_size"] == 9
    assert config["OPTIONS"]["connect_timeout"] == 5


def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(EnvironmentInvalid, match="DATABASE_URL: 'mysql' is not supported"):
        database_config(load({"DATABASE_URL": "mysql://root@db/oms"}))


def test_redis_takes_the_cache_and_the_channel_layer() -> None:
    memory, redis = load({}), load({"REDIS_URL": "redis://r:6379/0", "REDIS_POOL_SIZE": "3"})
    assert cache_config(memory)["BACKEND"].endswith("LocMemCache")
    assert channel_layer_config(memory)["BACKEND"].endswith("InMemoryChannelLayer")
    assert cache_config(redis)["LOCATION"] == "redis://r:6379/0"
    assert cache_config(redis)["OPTIONS"]["CONNECTION_POOL_KWARGS"] == {"max_connections": 3}
    assert channel_layer_config(redis)["CONFIG"]["hosts"] == ["redis://r:6379/0"]
