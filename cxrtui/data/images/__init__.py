"""This package decodes a film's file to an image and collects notes on how it was read."""
