"""The views of the pages about events."""
