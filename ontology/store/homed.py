"""The store of OMS: the ORM indexes every ontology, and some of them live elsewhere (``home.py``)."""

from __future__ import annotations

from oms_project.core.services import service
from ontology.store.home import Home
from ontology.store.orm.store import OrmStore

__all__ = ["HomedStore", "home"]

#: The home of the ontologies that do not live in the ORM, named by the settings.
home: Home = service("ontology_home", Home)


class HomedStore(OrmStore):
    """An ``OntologyStore``."""
