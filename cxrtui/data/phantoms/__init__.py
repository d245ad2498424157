"""This package makes synthetic chest films: phantoms, not patients.

Each film is a forward projection (line integrals of attenuation, Beer-Lambert) of a parametric chest. Positives carry
bilateral, peripheral, lower-zone opacities with a true mask. The two classes of one seed share anatomy, technique,
markers and noise, so only the opacities distinguish them.

    >>> image, mask = render(seed=0, patient=1, film=0, positive=True, size=128)
    >>> image.shape, image.dtype.name, bool(mask.any())
    ((128, 128), 'uint8', True)
"""

from cxrtui.data.phantoms.films import render
from cxrtui.data.phantoms.generate import PhantomFilm, PhantomSet, generate

__all__ = ["PhantomFilm", "PhantomSet", "generate", "render"]
