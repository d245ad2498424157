"""From a configuration to films that can be trained on: read, split, and stored as arrays."""
