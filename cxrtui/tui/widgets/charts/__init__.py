"""Charts of many long curves, drawn from numpy arrays into terminal cells: used by Monitor and by Compare.

`chart.Chart` is the widget; its docstring shows how a screen uses it. `line` has what it draws, and
`curves` makes the lines of a run.
"""
