"""Where events leave OMS and come in: NATS JetStream, HTTP, Celery, the channel layer."""
