"""A run is a folder; this room reads and writes its log, lock and commands, and folds the log into a state.

It imports the standard library only, but for `steps`, which decodes a log's steps by msgspec.
"""
