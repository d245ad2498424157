"""This package measures how well the class of a film is predicted from what is not the lung.

A network learns what separates its training films, whether that is the disease or the hospital, the device or the
file (Zech et al., PLOS Medicine 15:e1002683, 2018; DeGrave, Janizek and Lee, Nature Machine Intelligence 3, 2021;
Maguolo and Nanni, Information Fusion 76, 2021). Each file in `kinds` holds one kind of feature that could give the
class away. The worker processes of `jobs` measure the pixels outside the lungs and the encoding of each file,
`measuring` keeps the results, `columns` makes numbers of them, `estimating` says how well each kind predicts the class,
and `verdict` puts that into words. `docs/confounders.md` explains the method.
"""
