"""The leaf every app stands on: errors, context, ids, canonical JSON. Imports no app."""
