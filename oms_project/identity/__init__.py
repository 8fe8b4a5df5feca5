"""Who there is: users, their roles, and how they prove it."""
