"""A run is a folder: its log, its lock, its commands, and the state that its log amounts to. Standard library only."""
