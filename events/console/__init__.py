"""The pages of events in the console."""
