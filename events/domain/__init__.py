"""What events are and how they travel. Plain Python: no Django."""
