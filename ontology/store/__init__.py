"""Where ontologies are kept: one port, several stores, chosen by ``OMS_SERVICES``."""

from oms_project.core.services import service
from ontology.store.port import OntologyStore

__all__ = ["store"]

#: The ontology store that the settings name.
store: OntologyStore = service("ontology_store", OntologyStore)
