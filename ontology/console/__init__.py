"""The console: pages of the Django admin for what is not a table (a door, like REST)."""
