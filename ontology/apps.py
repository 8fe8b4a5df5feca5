"""The ontology app."""

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created

from oms_project.core.health import register_health_check


class OntologyConfig(AppConfig):
    """Ontologies, their history and their doors."""

    name = "ontology"
    label = "ontology"
    verbose_name = "Ontologies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if settings.USE_DATA_KERNEL_GATEWAY:
            from ontology.rpc.client import check_kernel
            from ontology.rpc.signing_in import connected

            # Reads are served from the index without it.
            register_health_check("data_kernel", check_kernel, reported=True)
            connection_created.connect(connected, dispatch_uid="ontology.rpc")
        elif settings.TERMINUSDB_ENDPOINT:
            from ontology.store.terminusdb.health import check_terminusdb

            # Reads are served from the index without it.
            register_health_check("terminusdb", check_terminusdb, reported=True)
