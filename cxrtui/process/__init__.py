"""A training in a process of its own: `parent` starts and watches it, `child` is what it runs.

The run's folder is the interface, as for every other process: the log, the control file, the lock. Over the pipes at
its stdin and stdout, which the child keeps to itself, parent and child exchange only what the folder cannot hold, one
JSON object a line::

    to the child    {"settings": {…}, "resume": false, "nice": 5}     the first line
                    {"stop": ""}          save a checkpoint and stop; a text is the fault of the program that asks
                    {"let_go": true}      the end of this stream no longer asks for a stop
    from the child  {"begun": true}       the first event is in the log
                    {"failed": "…"}       the line of a `Failed`, also of one that the log does not have
                    {"ended": 0}          the exit code; without it the process died

The end of the stream to the child means that its parent has ended. The child then saves a checkpoint and stops, unless
it was let go. What libraries print goes to ``stderr.txt`` in the run's folder.
"""
