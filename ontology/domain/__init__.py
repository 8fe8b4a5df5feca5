"""The domain of versioned ontologies. Pure Python: nothing here knows Django or a database."""
