"""The Launch screen: the form for a new run."""
