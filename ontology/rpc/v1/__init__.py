"""Version 1 of the protocol. Made from ``kernel.proto`` by ``make proto``."""
