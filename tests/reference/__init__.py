"""Reference pages that are written from the code, and tests that they are up to date."""
