"""Events, webhooks, deliveries, routing rules and streams over GraphQL."""
