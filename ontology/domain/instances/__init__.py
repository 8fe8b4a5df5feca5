"""Objects and links: what their type says of them, their values, their keys, their index entries."""
