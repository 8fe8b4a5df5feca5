"""Management commands of ontologies: the door for a terminal."""
