"""People, service accounts, sessions, roles and rules over GraphQL."""
