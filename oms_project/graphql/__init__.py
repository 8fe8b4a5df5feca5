"""GraphQL: what every endpoint shares (engine, limits, types), and the platform's own endpoint."""
