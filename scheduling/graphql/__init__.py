"""Jobs over GraphQL."""
