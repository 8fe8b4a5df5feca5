"""Events, webhooks, rules and deliveries over REST."""
