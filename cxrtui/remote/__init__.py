"""This package reads and writes folders of object stores (``s3://``, ``gs://`` and what else fsspec opens).

`store` lists and opens them and explains their errors; `folders` keeps a copy of a folder of films on this machine;
`runs` copies a run to a store and brings it back. What needs a lock, a pipe or an append stays on a disk.
"""
