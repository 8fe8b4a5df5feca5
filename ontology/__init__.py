"""Ontologies: definitions and instances on branches, with commits, merges and history."""
