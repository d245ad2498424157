"""A process in which the dashboard computes what needs JAX: importing and tracing hold Python's lock, and keys wait.

`calls` has what the dashboard calls, `owner` starts and watches the process, `child` is what it runs, and `jobs` what
it can do. The two exchange messages of a JSON object and bytes over the socket at the child's stdin::

    to the child    {"id": 3, "job": "classify"} and the arguments as JSON in the bytes
                    {"cancel": 3}
    from the child  {"id": 3, "part": {…}}    what is done so far, any number of them
                    {"id": 3, "result": {…}}  with the pixels of a heat map in the bytes
                    {"id": 3, "error": "…", "kind": "WeightsError"}
                    {"id": 3, "cancelled": true}

Several requests may be open at once. The end of the socket means that the dashboard has ended, however it ended; the
child then ends at once. If the child dies, what was asked gets an error, and the next request starts another one.
"""

MOST = 1 << 28
"""Bytes in one message at most."""
