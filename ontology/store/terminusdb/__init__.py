"""TerminusDB as a home of ontologies. See ``ontology/store/home.py`` and ``docs/adr/0003``."""
