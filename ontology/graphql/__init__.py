"""GraphQL: the ontology's part of the platform's schema, and the typed endpoint of each ontology."""
