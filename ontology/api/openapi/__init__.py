"""The OpenAPI document of this app, built from the endpoints' own declarations."""
