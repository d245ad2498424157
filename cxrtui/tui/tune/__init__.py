"""The Tune screens: the studies of the workspace, one study with its trials, and the form of a new one."""
