"""What becomes of ontologies that live elsewhere: finished, moved, built again."""
