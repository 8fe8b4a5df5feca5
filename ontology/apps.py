"""The ontology app."""

from django.apps import AppConfig


class OntologyConfig(AppConfig):
    """Ontologies, their history and their doors."""

    name = "ontology"
    label = "ontology"
    verbose_name = "Ontologies"
    default_auto_field = "django.db.models.BigAutoField"
