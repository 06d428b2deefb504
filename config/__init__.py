"""Settings and the outer doors."""
