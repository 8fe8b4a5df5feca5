"""The embedded store: ontologies in the ORM's database, SQLite or PostgreSQL."""
