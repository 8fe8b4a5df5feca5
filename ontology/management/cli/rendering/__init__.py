"""Results as lines of text for people, a module per thing that is shown."""
