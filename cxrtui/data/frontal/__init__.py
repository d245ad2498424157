"""This package recognises frontal chest films by their pixels, with NumPy alone.

`thumbnail` makes a small image of a film, `features` describes it in numbers, `model` weighs them with ``model.npz``
(its card is ``README.md`` beside it), and `recognise` says whether a film is a frontal chest film, in which pose it
lies, and if not, why. ``benchmarks/frontal/train.py`` makes ``model.npz``.
"""
