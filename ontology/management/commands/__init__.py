"""The commands: `ontology` works on ontologies, `demo` fills one to look at."""
