"""The store whose ontologies live in TerminusDB, for the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests
from django.test import override_settings

from oms_project.core.errors import Unavailable
from oms_project.core.services import forget_services
from ontology.store.home import Home
from ontology.store.home_rows import home_of, identifier_of, identifiers_of
from ontology.store.homed import HomedStore, home
from ontology.store.intents import Intent
from tests.contract.store.harness import Cost, OrmHarness

__all__ = ["HOME_TAMPERINGS", "HomedHarness"]


class HomedHarness(OrmHarness):
    """``HomedStore``, new ontologies of which live in the home that the settings name."""

    def __init__(self) -> None:
        self.store = HomedStore()

    @property
    def deeds(self) -> Collection[str]:
        return (*super().deeds, *HOME_TAMPERINGS)

    @contextmanager
    def tampered(self, deed: str, ontology: str) -> Iterator[None]:
        if deed in HOME_TAMPERINGS:
            # Its database is of this test only: nothing has to be undone.
            HOME_TAMPERINGS[deed](ontology)
            yield
        else:
            with super().tampered(deed, ontology):
                yield
