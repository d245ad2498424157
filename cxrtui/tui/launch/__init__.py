"""Launch: the form for a new run."""
