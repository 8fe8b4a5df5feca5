"""Development's settings, with a home that is a folder unless TerminusDB is named."""

from __future__ import annotations

import os

from oms_project.settings.base import OMS_SERVICES
from oms_project.settings.dev import *  # noqa: F403

if not os.environ.get("TERMINUSDB_ENDPOINT"):
    OMS_SERVICES = {**OMS_SERVICES, "ontology_home": "tests.fakes.home.FolderHome"}
    OMS_DEFAULT_HOME = "terminusdb"
