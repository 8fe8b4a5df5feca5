"""Foreign libraries that feed the trail."""
