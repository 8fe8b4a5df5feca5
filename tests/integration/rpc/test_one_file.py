"""OMS and its data kernel on one file of SQLite, which has one writer.

The kernel writes when OMS signs in, and OMS calls it inside the transaction of a write: who waited
there for a token would wait for a writer that waits for him.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from oms_project.identity.contract import Role
from tests import services
from tests.fakes.home import FOLDER
from tests.integration.rpc.test_process import kernel

#: In seconds. SQLite lets a writer wait for 20, so this is shorter than that.
AT_ONCE = 15.0


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of an OMS that reaches its homes through a kernel, which runs."""
    environment = services.oms_environment(tmp_path_factory.mktemp("file"))
    password = services.set_up(environment)
    created = services.manage(
        "identity", "service-account", "create", "oms-server", "--format", "json",
        environment=environment,
    )  # fmt: skip
    account = json.loads(created)
    services.manage(
        "policy", "grant", Role.GATEWAY, "--user", "oms-server", environment=environment
    )
    home = tmp_path_factory.mktemp("homes")
    own = {**environment, "DJANGO_SETTINGS_MODULE": "tests.faults.home_settings", FOLDER: str(home)}
    with kernel(own, "--grpc-only") as running:
        yield {
            **environment,
            "USE_DATA_KERNEL_GATEWAY": "true",
            "DATA_KERNEL_ADDRESS": running.address("gRPC"),
            "DATA_KERNEL_CLIENT_ID": account["account"]["client_id"],
            "DATA_KERNEL_CLIENT_SECRET": account["secret"],
            "PASSWORD": password,  # of the administrator; a setting of nobody
        }


def test_a_command_writes(gateway: Mapping[str, str]) -> None:
    services.manage(
        "ontology", "create", "fleet", "--base-iri", "https://example.org/fleet/",
        environment=gateway,
    )  # fmt: skip
    told = services.manage("ontology", "home", "fleet", "--format", "json", environment=gateway)
    assert json.loads(told)["product"] == "folder"


def test_a_server_writes_at_its_first_request(gateway: Mapping[str, str]) -> None:
    folder = Path(gateway["OMS_DATA_DIR"])
    body = {"name": "staff", "baseIri": "https://example.org/staff/"}
    with services.oms(data_dir=folder, extra=gateway, password=gateway["PASSWORD"]) as server:
        client = server.client()
        begun = time.monotonic()
        made = client.post("/api/v1/ontologies", json=body)
        assert made.status_code == 201, made.text
        assert time.monotonic() - begun < AT_ONCE


SCRIPT = """
import time
import django
django.setup()
from django.db import transaction
from oms_project.core.errors import Unavailable
from ontology.rpc.client import KernelHome, close_line

def ask():
    begun = time.monotonic()
    try:
        with transaction.atomic():
            said = KernelHome().info().product
    except Unavailable as error:
        said = f"{error.error_code}: {error.message}"
    print(time.monotonic() - begun, said)
    return said

ask()
close_line()  # and with it the token
ask()
for _ in range(100):
    time.sleep(0.1)
    if ask() == "folder":
        break
"""


def test_who_has_no_token_any_more_is_told_to_try_again(gateway: Mapping[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=services.ROOT, env=dict(gateway), capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    answers = [line.split(" ", 1) for line in ran.stdout.splitlines()]
    assert all(float(seconds) < AT_ONCE for seconds, _ in answers)
    first, second, *_, last = [said for _, said in answers]
    assert first == last == "folder"
    assert second.startswith("home_unavailable: OMS has not signed in to the data kernel yet")
