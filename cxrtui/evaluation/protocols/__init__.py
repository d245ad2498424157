"""Trains and tests as a study would: cross-validation, leaving sources out, external films; one table at the end.

A protocol is a folder in `checkpoints/`; each of its trainings is an ordinary run beside it. `settings.protocol` says
what a protocol is, `preparing` divides the films, `work` trains what is not trained yet by a drive that is given,
`baseline` scores the same films without a pixel, and `pooling` and `result` make the table. As the drive is given, the
package needs nothing of the rooms above; what it shares with a search is `runs.series` and `data.prepared.folds`.
"""
