"""Events that are never lost: outbox, relay, streams, webhooks, routing."""
