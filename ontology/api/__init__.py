"""The REST door of the ontology app: a view parses, calls one service or selector, renders."""
