"""The REST root: URLs, JSON, pages, the OpenAPI document, and the one error mapping."""
