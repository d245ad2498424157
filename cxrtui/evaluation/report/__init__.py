"""The report on a run as one page of HTML that needs nothing else: no network, no script, no file beside it."""
