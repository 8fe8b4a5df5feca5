"""The data kernel over gRPC: what it serves, and the home that is reached through it."""
