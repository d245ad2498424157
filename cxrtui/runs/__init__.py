"""A run is a folder; this room reads and writes its log, lock and commands, and folds the log into a state.

It imports only the standard library, except in `steps`, which decodes a log's steps by msgspec.
"""
