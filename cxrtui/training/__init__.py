"""This package trains a network: a generator yields events around one jitted step."""
