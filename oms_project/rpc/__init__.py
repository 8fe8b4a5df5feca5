"""gRPC as a door of the platform: what every call passes through, whatever it is about."""
