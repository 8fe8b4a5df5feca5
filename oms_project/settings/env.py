"""The environment, typed. The ONLY module that reads ``os.environ``.

Every variable is a field of `Environment`: its name, type, default and one sentence. The reference
page ``docs/reference/settings.md`` lists the same, and a test fails when one of them is missing.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

import environ
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

__all__ = ["BASE_DIR", "Environment", "EnvironmentInvalid", "kept_secret", "load", "use_settings"]

BASE_DIR = Path(__file__).resolve().parents[2]


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _drop_empty(value: object) -> object:
    parts = _split(value)
    return [part for part in parts if part != ""] if isinstance(parts, list) else parts


CommaList = Annotated[list[str], BeforeValidator(_drop_empty)]


class EnvironmentInvalid(Exception):
    """A variable cannot be used; the message names each one and says why."""


class Environment(BaseModel):
    """What can be set from outside. A field's name is the variable's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # -- the process
    SECRET_KEY: str = Field(
        "",
        description="Signs sessions and forms. Development makes one in the data folder; "
        "production needs at least 50 random characters.",
    )
    SECRET_KEY_FALLBACKS: CommaList = Field(
        [],
        description="Earlier values of SECRET_KEY, separated by commas: what they signed and "
        "encrypted stays readable.",
    )
    DEBUG: bool = Field(
        False, description="Shows errors in full. Development turns it on; production refuses it."
    )
    ALLOWED_HOSTS: CommaList = Field(
        [],
        description="Host names that the server answers to, separated by commas. Production needs "
        "at least one; development answers to every name.",
    )
    CSRF_TRUSTED_ORIGINS: CommaList = Field(
        [], description="Origins (scheme://host) that may send forms, separated by commas."
    )
    TRUST_PROXY_HEADERS: bool = Field(
        False,
        description="Believe X-Forwarded-Proto and X-Forwarded-For: only behind a gateway that "
        "sets them itself.",
    )
    TRUSTED_PROXY_COUNT: int = Field(
        1,
        ge=1,
        le=10,
        description="How many gateways of your own stand in front, each of which adds to "
        "X-Forwarded-For.",
    )
    SECURE_SSL_REDIRECT: bool = Field(
        True, description="Production only: send plain HTTP requests to HTTPS."
    )
    TIME_ZONE: str = Field("UTC", description="Time zone of the console (the API speaks UTC).")
    LANGUAGE_CODE: Literal["en", "ko"] = Field(
        "en", description="Language of the console for browsers that ask for none of ours."
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe log line that is written."
    )
    LOG_FORMAT: Literal["auto", "json", "pretty"] = Field(
        "auto",
        description="`json` for machines, `pretty` for people, `auto`: pretty in a terminal.",
    )
    OMS_METRICS_TOKEN: str = Field(
        "",
        description="Bearer token with which a scraper that cannot sign in reads `/metrics`; "
        "empty: only who may read the system's state. Production needs at least 32 random "
        "characters.",
    )
    PROMETHEUS_MULTIPROC_DIR: str = Field(
        "",
        description="Folder, empty at start, in which several processes of one machine keep their "
        "metrics, so that each of them answers for all; empty: each for itself.",
    )
    OMS_DATA_DIR: Path = Field(
        BASE_DIR / "var",
        description="Folder of what a development server keeps: SQLite file, generated secrets.",
    )

    # -- stores
    DATABASE_URL: str = Field(
        "",
        description="`postgresql://user:password@host/name`, or `sqlite:///path`; empty: the file "
        "`oms.sqlite3` in the data folder.",
    )
    POSTGRESQL_POOL_SIZE: int = Field(
        50, ge=1, le=1000, description="Connections to PostgreSQL that one process may hold."
    )
    REDIS_URL: str = Field(
        "",
        description="`redis://host:port/0`: shared cache and channel layer; empty: in memory, "
        "for a single process.",
    )
    REDIS_POOL_SIZE: int = Field(
        100, ge=1, le=10000, description="Connections to Redis that one process may hold."
    )
    OMS_CACHE_LOCAL_SIZE: int = Field(
        1000, ge=0, description="Entries of the cache inside each process; 0: none."
    )
    OMS_CACHE_LOCAL_MB: int = Field(
        64, ge=1, le=65536, description="Megabytes that the cache inside each process may take."
    )
    OMS_CACHE_LOCAL_TTL: int = Field(
        60, ge=1, description="Seconds an entry stays in the cache inside each process."
    )
    OMS_CACHE_REDIS_TTL: int = Field(
        300, ge=1, description="Seconds an entry stays in the shared cache."
    )

    # -- TerminusDB
    TERMINUSDB_ENDPOINT: str = Field(
        "",
        description="`https://host:6363`: new ontologies live in TerminusDB (12.0.6 or later); "
        "empty: in the database of `DATABASE_URL`. Needs `requirements/terminusdb.txt`.",
    )
    TERMINUSDB_TEAM: str = Field("admin", description="Team (organisation) of the databases.")
    TERMINUSDB_USER: str = Field("admin", description="User that OMS signs in to TerminusDB as.")
    TERMINUSDB_KEY: str = Field("", description="Password or token of that user.")
    TERMINUSDB_DB_PREFIX: str = Field(
        "oms_",
        pattern="^[a-z][a-z0-9_]{0,20}$",
        description="First letters of the names of databases that OMS makes; others are left alone.",
    )
    TERMINUSDB_POOL_SIZE: int = Field(
        50, ge=1, le=1000, description="Connections to TerminusDB that one process may hold."
    )
    TERMINUSDB_TIMEOUT: float = Field(
        30.0, gt=0, le=600, description="Seconds that TerminusDB has for one answer."
    )
    TERMINUSDB_CONNECT_TIMEOUT: float = Field(
        3.0, gt=0, le=60, description="Seconds that a connection to TerminusDB may take."
    )
    TERMINUSDB_RETRIES: int = Field(
        3, ge=0, le=10, description="How often what is safe to repeat is tried again."
    )
    TERMINUSDB_BREAKER_FAILURES: int = Field(
        5,
        ge=1,
        le=1000,
        description="After so many failures in a row TerminusDB is not asked for a while.",
    )
    TERMINUSDB_BREAKER_SECONDS: float = Field(
        10.0, gt=0, le=600, description="How long it is not asked then."
    )
    OMS_NATIVE_CLASSES: int = Field(
        200,
        ge=0,
        le=100_000,
        description="Up to so many types an ontology has native classes in TerminusDB, which checks "
        "all of them whenever one changes: 300 take 3 seconds, the 993 of schema.org 90.",
    )
    OMS_RECONCILE_INTERVAL: int = Field(
        30,
        ge=1,
        le=86400,
        description="Seconds between two looks into TerminusDB for what was left unfinished or "
        "was made behind OMS's back.",
    )
    OMS_RECONCILER: bool = Field(
        True, description="Whether this process looks; several may, one at a time does."
    )

    # -- data kernel
    USE_DATA_KERNEL_GATEWAY: bool = Field(
        False,
        description="Reach TerminusDB through the data kernel over gRPC instead of directly.",
    )
    DATA_KERNEL_ADDRESS: str = Field(
        "localhost:50051", description="`host:port` of the data kernel's gRPC."
    )
    DATA_KERNEL_CLIENT_ID: str = Field(
        "",
        description="Client id of the service account that OMS calls the data kernel as; its role "
        "is `gateway`.",
    )
    DATA_KERNEL_CLIENT_SECRET: str = Field("", description="Secret of that service account.")
    DATA_KERNEL_TOKEN: str = Field(
        "",
        description="Access token to call the data kernel with instead: for a trial, as it is not "
        "renewed.",
    )
    DATA_KERNEL_TLS: bool = Field(
        False, description="Talk TLS to the data kernel, with the machine's authorities."
    )
    DATA_KERNEL_CA: Path | None = Field(
        None,
        description="File (PEM) of the authority that signed the data kernel's certificate; empty: "
        "the machine's authorities.",
    )
    DATA_KERNEL_TIMEOUT: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="Seconds that the data kernel has for one call, and for each step of one that "
        "streams.",
    )
    DATA_KERNEL_STREAM_TIMEOUT: float = Field(
        3600.0,
        gt=0,
        le=86400,
        description="Seconds that a whole stream from or to the data kernel may take.",
    )
    OMS_KERNEL_HOST: str = Field(
        "127.0.0.1", description="Address that `manage.py kernel` listens on; `0.0.0.0`: all."
    )
    OMS_KERNEL_PORT: int = Field(
        8001, ge=0, le=65535, description="Port of the data kernel's REST; 0: any that is free."
    )
    OMS_KERNEL_GRPC_PORT: int = Field(
        50051, ge=0, le=65535, description="Port of the data kernel's gRPC; 0: any that is free."
    )
    OMS_KERNEL_THREADS: int = Field(
        16, ge=2, le=1000, description="gRPC calls that one data kernel serves at once."
    )
    OMS_KERNEL_MAX_MESSAGE_MB: int = Field(
        72,
        ge=1,
        le=1024,
        description="Megabytes that one gRPC message may have; one document must fit into it.",
    )
    OMS_KERNEL_DRAIN_SECONDS: float = Field(
        20.0,
        ge=0,
        le=600,
        description="Seconds that a data kernel which is told to end has for the calls it serves.",
    )
    OMS_KERNEL_TLS_CERTIFICATE: Path | None = Field(
        None,
        description="File (PEM) of the certificate, with its chain, that the data kernel's gRPC and "
        "REST show; empty: they speak without TLS.",
    )
    OMS_KERNEL_TLS_KEY: Path | None = Field(
        None, description="File (PEM) of that certificate's private key."
    )
    OMS_KERNEL_TRUSTED_NETWORK: bool = Field(
        False,
        description="Let the data kernel speak without TLS in production: only where nobody else "
        "can listen on the way, or a gateway in front ends TLS.",
    )

    # -- commands
    OMS_ACTOR: str = Field(
        "",
        description="User that `manage.py ontology` acts as, unless `--as` names one; empty: the "
        "operator of the machine.",
    )

    # -- signing keys
    OMS_KEYS_DIR: Path | None = Field(
        None,
        description="Folder of the keys that sign commits, the audit trail and tokens; empty: "
        "`keys` in the data folder. Back it up apart from the database, and share it between "
        "server processes.",
    )

    # -- audit trail
    OMS_AUDIT_ORIGIN: str = Field(
        "oms.local/audit",
        pattern=r"^[^\s+]{1,200}$",
        description="Name of this installation's audit log in its checkpoints: like a URL without "
        "scheme, unique, and the same for good.",
    )
    OMS_AUDIT_SEQUENCER: bool = Field(
        True,
        description="Whether server processes give audit events their place in the signed tree; "
        "false: only `manage.py audit sequence` does.",
    )
    OMS_AUDIT_INTERVAL: int = Field(
        2,
        ge=1,
        le=60,
        description="Seconds during which new audit events are collected under one signed head.",
    )

    # -- tokens
    JWT_ALGORITHM: Literal["EdDSA", "RS256", "HS256", "HS384", "HS512"] = Field(
        "EdDSA",
        description="Algorithm that signs tokens. EdDSA and RS256 sign with a key of the folder of "
        "keys, which can be replaced and verified by others; HS256, HS384 and HS512 with "
        "JWT_SECRET.",
    )
    JWT_SECRET: str = Field(
        "",
        description="Signs tokens when JWT_ALGORITHM is HS256, HS384 or HS512; not used otherwise. "
        "Development makes one in the data folder; production needs at least 32 random "
        "characters, other than SECRET_KEY.",
    )
    JWT_ACCESS_MINUTES: int = Field(
        30, ge=1, le=1440, description="Minutes until an access token expires."
    )
    JWT_REFRESH_DAYS: int = Field(
        7,
        ge=1,
        le=90,
        description="Days until a session of tokens ends and one has to sign in again, however "
        "often it was renewed.",
    )

    # -- sign-in
    OMS_LOGIN_FAILURES: int = Field(
        5,
        ge=1,
        le=100,
        description="Wrong passwords for one name from one address until that pair waits.",
    )
    OMS_LOGIN_FAILURES_PER_USER: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Wrong passwords for one name from anywhere until addresses wait from which "
        "that user did not sign in lately.",
    )
    OMS_LOGIN_FAILURES_PER_ADDRESS: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Failed sign-ins from one address (IPv6: one /64) until it waits.",
    )
    OMS_LOGIN_LOCKOUT_MINUTES: int = Field(
        15,
        ge=1,
        le=1440,
        description="Minutes that failures are counted together, and that who failed too often "
        "waits.",
    )
    OMS_SESSION_IDLE_MINUTES: int = Field(
        60,
        ge=1,
        le=1440,
        description="Minutes without a request after which the console signs out.",
    )
    OMS_SESSION_HOURS: int = Field(
        12, ge=1, le=720, description="Hours after which the console signs out in any case."
    )
    OMS_SECRET_GRACE_HOURS: int = Field(
        24,
        ge=0,
        le=720,
        description="Hours that the old secret of a service account goes on after a new one was "
        "made.",
    )
    OMS_DELEGATION_MAX_DAYS: int = Field(
        90, ge=1, le=730, description="Days that a delegation may last at most."
    )
    CORS_ALLOWED_ORIGINS: CommaList = Field(
        [],
        description="Origins (scheme://host) whose pages may call the REST API with a token, "
        "separated by commas; empty: none.",
    )

    # -- requests per minute
    OMS_RATE_CLIENT: int = Field(
        6000,
        ge=0,
        description="Requests a minute that one user or service account may send; 0: any number.",
    )
    OMS_RATE_ANONYMOUS: int = Field(
        300,
        ge=0,
        description="Requests a minute that one address may send without a valid token; 0: any "
        "number.",
    )
    OMS_RATE_AUTH: int = Field(
        60,
        ge=0,
        description="Requests a minute that one address may send to sign in or renew tokens; 0: "
        "any number.",
    )

    # -- limits and work
    OMS_MAX_BODY_MB: int = Field(
        64, ge=1, le=10240, description="Megabytes that the body of one JSON request may have."
    )
    OMS_MAX_IMPORT_MB: int = Field(
        512, ge=1, le=102400, description="Megabytes that one import over REST may have."
    )
    OMS_SYNC_IMPORT_KB: int = Field(
        2048,
        ge=0,
        description="Kilobytes up to which an import over REST is done at once; what is larger "
        "becomes a job.",
    )
    OMS_SPOOL_DIR: Path | None = Field(
        None,
        description="Folder of uploads that wait for a job and exports that wait to be fetched; "
        "empty: `spool` in the data folder. Server processes on several machines must share it.",
    )
    OMS_JOB_WORKERS: int = Field(
        1, ge=0, le=32, description="Threads of a server process that run jobs; 0: it runs none."
    )

    # -- events
    NATS_URL: str = Field(
        "",
        description="`nats://host:port`: JetStream, to which every event is published; several "
        "servers are separated by commas; empty: events stay inside OMS.",
    )
    OMS_PUBLIC_URL: str = Field(
        "http://localhost:8000",
        description="Where clients reach this OMS, without a slash at the end: stands in the "
        "source of events and in the addresses of their schemas.",
    )
    OMS_EVENTS_RELAY: bool = Field(
        True,
        description="Whether a server process passes events on; false where "
        "`manage.py events relay` does it.",
    )
    OMS_EVENTS_INTERVAL: float = Field(
        1.0,
        gt=0,
        le=60,
        description="Seconds between two looks for events that other processes have written.",
    )
    OMS_EVENTS_LEASE_SECONDS: float = Field(
        60,
        ge=5,
        le=3600,
        description="Seconds after which another relay takes over what one that died was at.",
    )
    OMS_EVENTS_RETENTION_DAYS: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days that events, deliveries and what consumers have seen are kept.",
    )
    OMS_EVENTS_MAX_KB: int = Field(
        256, ge=4, le=16384, description="Kilobytes that one event may have."
    )
    OMS_EVENTS_AUDIT: bool = Field(
        True, description="Whether what gets its place in the audit trail is an event as well."
    )
    OMS_GRAPHQL_MAX_DEPTH: int = Field(
        20, ge=1, le=200, description="Fields within fields that a GraphQL document may have."
    )
    OMS_GRAPHQL_MAX_FIELDS: int = Field(
        2000,
        ge=1,
        description="Fields that a GraphQL operation may have once its fragments are unfolded.",
    )
    OMS_GRAPHQL_MAX_ALIASES: int = Field(
        200, ge=0, description="Aliases that a GraphQL operation may have."
    )
    OMS_GRAPHQL_MAX_ROOT_FIELDS: int = Field(
        50, ge=1, description="Fields that a GraphQL operation itself may have."
    )
    OMS_GRAPHQL_MAX_FRAGMENTS: int = Field(
        100, ge=0, description="Fragments that a GraphQL document may define."
    )
    OMS_GRAPHQL_MAX_DIRECTIVES: int = Field(
        100, ge=0, description="Directives that a GraphQL document may use."
    )
    OMS_GRAPHQL_MAX_TOKENS: int = Field(
        10_000, ge=10, description="Tokens that a GraphQL document may have."
    )
    OMS_GRAPHQL_MAX_QUERY_BYTES: int = Field(
        100_000, ge=100, description="Bytes that a GraphQL document may have."
    )
    OMS_GRAPHQL_MAX_COST: int = Field(
        20_000,
        ge=1,
        description="About how many things one GraphQL operation may read; each answer says what it "
        "cost.",
    )
    OMS_GRAPHQL_MAX_BATCH: int = Field(
        10,
        ge=1,
        le=1000,
        description="GraphQL operations that one request may hold; 1: no batches.",
    )
    OMS_GRAPHQL_TIMEOUT: float = Field(
        15.0, gt=0, le=600, description="Seconds after which a GraphQL query is given up."
    )
    OMS_GRAPHQL_INTROSPECTION: Literal["everybody", "role", "nobody"] = Field(
        "role",
        description="Who may look at a GraphQL schema: everybody who is signed in, those whose role "
        "has graphql.introspect, or nobody. Development: everybody.",
    )
    OMS_GRAPHQL_DOCUMENTS: str = Field(
        "",
        description="A JSON file of registered GraphQL documents: an object of SHA-256 and text.",
    )
    OMS_GRAPHQL_ONLY_DOCUMENTS: bool = Field(
        False, description="Whether only registered GraphQL documents are run."
    )
    OMS_GRAPHQL_MAX_SUBSCRIPTIONS: int = Field(
        50, ge=1, le=10_000, description="Subscriptions that one WebSocket may hold at once."
    )
    OMS_GRAPHQL_MAX_CONNECTIONS: int = Field(
        20, ge=1, le=100_000, description="WebSockets that one user may hold at once in a process."
    )
    OMS_GRAPHQL_INIT_SECONDS: float = Field(
        5.0,
        gt=0,
        le=60,
        description="Seconds within which a WebSocket must say who it is.",
    )
    OMS_GRAPHQL_MAX_MESSAGE_KB: int = Field(
        1024, ge=16, le=16384, description="Kilobytes that one message over a WebSocket may have."
    )
    OMS_GRAPHQL_MESSAGES_PER_SECOND: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Messages a second that a WebSocket may send over a longer time; ten times as "
        "many may come at once.",
    )
    OMS_GRAPHQL_SLOW_SECONDS: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Seconds after which a WebSocket or an event stream is closed whose client "
        "does not read.",
    )
    OMS_GRAPHQL_CHECK_SECONDS: float = Field(
        15.0,
        gt=0,
        le=600,
        description="Seconds after which it is asked again whether a subscriber still may, when "
        "nothing happens.",
    )
    OMS_GRAPHQL_LOOK_SECONDS: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Seconds between two looks at the log for subscriptions when no word of new "
        "events arrives, and between two looks at a job.",
    )
    OMS_GRAPHQL_SCHEMAS: int = Field(
        50, ge=1, description="Compiled GraphQL schemas of ontologies that a process keeps."
    )
    OMS_NATS_DUPLICATE_SECONDS: int = Field(
        120,
        ge=1,
        le=86400,
        description="Seconds within which JetStream stores an event only once however often it "
        "is sent.",
    )
    OMS_NATS_MAX_AGE_DAYS: int = Field(
        30, ge=1, le=3650, description="Days that JetStream keeps events."
    )
    OMS_NATS_MAX_MB: int = Field(
        10240, ge=1, description="Megabytes that one stream of JetStream may have."
    )
    OMS_NATS_REPLICAS: int = Field(1, ge=1, le=5, description="Copies of a stream in its cluster.")
    OMS_WEBHOOK_ALLOWED_NETWORKS: CommaList = Field(
        [],
        description="Networks (`10.1.0.0/16`) that webhooks may reach although they are not "
        "public, separated by commas.",
    )
    OMS_WEBHOOK_ALLOW_HTTP: bool = Field(
        False, description="Whether webhooks may go to plain `http://` addresses."
    )
    OMS_WEBHOOK_RETRY_SECONDS: float = Field(
        5, gt=0, le=3600, description="Seconds before the first retry of a delivery."
    )
    OMS_WEBHOOK_RETRY_HOURS: float = Field(
        72, gt=0, le=720, description="Hours after which a delivery that never succeeds is dead."
    )
    OMS_WEBHOOK_DISABLE_HOURS: float = Field(
        96,
        gt=0,
        le=8760,
        description="Hours of nothing but failures after which a webhook is disabled.",
    )

    # -- SPARQL
    OMS_SPARQL_TIMEOUT: int = Field(
        30, ge=1, le=3600, description="Seconds that a SPARQL query may take; then it is stopped."
    )
    OMS_SPARQL_MAX_RESULTS: int = Field(
        100_000, ge=1, description="Rows, or triples, that the result of a SPARQL query may have."
    )
    OMS_SPARQL_MAX_MB: int = Field(
        64, ge=1, le=10240, description="Megabytes that the result of a SPARQL query may have."
    )
    OMS_SPARQL_MEMORY_MB: int = Field(
        1024,
        ge=64,
        description="Megabytes of memory that one SPARQL query may use, beside the state it reads.",
    )
    OMS_SPARQL_CONCURRENCY: int = Field(
        4, ge=1, le=256, description="SPARQL queries that one server process runs at once."
    )
    OMS_SPARQL_STORES: int = Field(
        8,
        ge=1,
        le=1000,
        description="States (commits, as readers with different clearances see them) that one "
        "server process keeps in memory for SPARQL.",
    )
    OMS_SPARQL_MAX_TRIPLES: int = Field(
        2_000_000,
        ge=1000,
        description="Triples that those states may have together, and each alone; a thousand take "
        "about half a megabyte.",
    )


def load(values: dict[str, str] | None = None) -> Environment:
    """Read the environment (after the file ``.env`` beside ``manage.py``, when there is one).

    Args:
        values: read these instead; for tests.

    Raises:
        EnvironmentInvalid: a variable has a value that cannot be used.
    """
    if values is None:
        dotenv = BASE_DIR / ".env"
        if dotenv.is_file():
            environ.Env.read_env(dotenv)
        values = dict(os.environ)
    known: dict[str, Any] = {
        name: values[name] for name in Environment.model_fields if values.get(name, "") != ""
    }
    try:
        return Environment.model_validate(known)
    except ValidationError as error:
        problems = "; ".join(
            f"{problem['loc'][0]}: {problem['msg']} (it is {problem['input']!r})"
            for problem in error.errors()
        )
        raise EnvironmentInvalid(f"The environment cannot be used. {problems}.") from error


def use_settings(module: str) -> None:
    """Choose the settings module unless the environment names one (``DJANGO_SETTINGS_MODULE``)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", module)


def kept_secret(folder: Path, name: str) -> str:
    """A random secret that is made once and kept in ``folder``, readable by its owner only.

    For development, where a restart must not sign everybody out. Two processes that start at
    once agree: the first one to create the file wins.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    return path.read_text(encoding="ascii").strip()
