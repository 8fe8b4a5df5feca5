"""Pure: what an event says, how a tree of them is hashed, what a signed tree head is."""
