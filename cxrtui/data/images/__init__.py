"""This package decodes a film's file to grey values and collects notes on how it was read."""
