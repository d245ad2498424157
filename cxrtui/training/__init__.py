"""Training: a generator of events around one jitted step."""
