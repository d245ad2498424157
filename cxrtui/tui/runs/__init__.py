"""The Runs screen: it lists every run of the workspace."""
