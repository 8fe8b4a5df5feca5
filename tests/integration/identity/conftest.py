"""Fixtures of identity: keys of one's own, service accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.keys import keyring
from oms_project.core.services import forget_services
from oms_project.identity import services
from oms_project.identity.contract import NewSecret, Role
from oms_project.identity.models import RoleBinding


@pytest.fixture
def fresh_keys(settings: Any, tmp_path: Path) -> Callable[[], Any]:
    """A keyring in a folder of its own."""

    def make() -> Any:
        settings.OMS_KEYS_DIR = tmp_path / "keys"
        forget_services()
        return keyring

    return make


class MakeService(Protocol):
    """Makes a service account with a role."""

    def __call__(
        self, username: str, role: Role | None = None, ontology: str = ""
    ) -> NewSecret: ...


@pytest.fixture
def service_account(db: None) -> MakeService:
    """``service_account("etl", Role.EDITOR)``."""

    def make(username: str, role: Role | None = None, ontology: str = "") -> NewSecret:
        with acting_as(SYSTEM):
            made = services.create_service_account(username=username, display_name=username)
        if role is not None:
            RoleBinding.objects.create(user_id=made.account.id, role=role, ontology=ontology)
        return made

    return make
