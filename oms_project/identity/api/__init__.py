"""Sign-in over REST."""
