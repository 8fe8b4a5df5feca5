"""The test suite: fixed secrets, quick hashes, no worker threads unless a test starts one."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from oms_project.settings.base import *  # noqa: F403 - a mode is base with changes
from oms_project.settings.base import DATABASES, OMS_SERVICES

# A folder of this process alone, new and empty: one that is only named after it may be there
# already, left by a run that was killed and had its number, with other keys and another database.
_PROCESS = os.getpid()
_folder = Path(tempfile.mkdtemp(prefix="oms-test-"))


def _remove_folder() -> None:
    if os.getpid() == _PROCESS:  # a fork that ends leaves it to its parent
        shutil.rmtree(_folder, ignore_errors=True)


atexit.register(_remove_folder)

SECRET_KEY = "test-secret-key-that-signs-nothing-of-value-anywhere-0123456789"
JWT_SECRET = "test-jwt-secret-that-signs-nothing-of-value-anywhere-0123456789-abc"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OMS_JOB_WORKERS = 0
OMS_AUDIT_SEQUENCER = False
OMS_EVENTS_RELAY = False
OMS_EVENTS_CHECK = True  # every event that the suite causes fits its schema
OMS_RATE_CLIENT = OMS_RATE_ANONYMOUS = OMS_RATE_AUTH = 0  # but where a test is about them
# TERMINUSDB_ENDPOINT is for the tests that ask for it (see tests/tapes.py), not for all of them.
TERMINUSDB_ENDPOINT = ""
OMS_DEFAULT_HOME = "embedded"
OMS_SERVICES = {**OMS_SERVICES, "ontology_home": "ontology.store.homeless.NoHome"}
OMS_KEYS_DIR = _folder / "keys"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# A file, not memory: threads and processes see it, with the locks that a real one has.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "oms.sqlite3")}
    # No power cut during the tests; those that crash something run a process of their own.
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_oms_{_PROCESS}"}
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 0, "max_size": 20, "timeout": 10}
