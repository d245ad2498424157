"""This module makes a patient's body and films of it, as pure functions of seed, patient, film and class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cxrtui.data.phantoms import accessories, anatomy, opacities, projection, skeleton, vessels
from cxrtui.data.phantoms.grid import FloatMap, Grid, noise, splat
from cxrtui.data.phantoms.habitus import Habitus, draw_habitus

SOFT, LUNG, BONE = 0.20, 0.055, 0.55
"""Linear attenuation in 1/cm near 60-70 keV; aerated lung at about a quarter of soft tissue (NIST XCOM, rounded)."""

MAX_FILMS = 4
_STREAMS = {"habitus": 0, "body": 1, "disease": 2, "count": 3, "film": 4, "course": 5}


def _stream(seed: int, patient: int, *key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, patient], spawn_key=key)


@dataclass(frozen=True)
class Body:
    """Attenuation `[N, N]` of one patient without disease, by depth; and the places of disease."""

    grid: Grid
    habitus: Habitus
    back: FloatMap
    middle: FloatMap
    front: FloatMap
    window: tuple[float, float]
    """The attenuations that the display shows as lung-black and as white."""
    aerated: FloatMap
    silhouette: FloatMap
    disease: opacities.Disease | None


def build(seed: int, patient: int, size: int, positive: bool) -> Body:
    """Build the body of a patient, for films of `size` pixels; disease has its own random stream."""
    habitus = draw_habitus(np.random.default_rng(_stream(seed, patient, _STREAMS["habitus"])))
    rng = np.random.default_rng(_stream(seed, patient, _STREAMS["body"]))
    grid = Grid(round(size * 1.25))
    raised, abducted = float(rng.uniform(-0.6, 0.9)), float(rng.gamma(2.0, 0.7))
    aerated, silhouette = anatomy.lungs(grid, habitus)

    bones = skeleton.ribs(habitus, rng)
    rear = bones.z < 0
    girdle = skeleton.shoulders(habitus, rng, raised)
    extra = np.float32((BONE - SOFT) * habitus.bone)
    back = splat(grid, bones.x[rear], bones.y[rear], bones.w[rear])
    back += skeleton.spine(grid, habitus)
    front = splat(
        grid,
        np.concatenate([bones.x[~rear], girdle.x]),
        np.concatenate([bones.y[~rear], girdle.y]),
        np.concatenate([bones.w[~rear], girdle.w]),
    )
    # A little blur hides the volume elements, which are about 1 mm apart.
    soften = max(0.6, 0.066 / grid.pixel)
    back = ndimage.gaussian_filter(back, soften) * extra
    front = ndimage.gaussian_filter(front, soften) * extra
    front += np.float32(1.05 * SOFT) * anatomy.breasts(grid, habitus, float(rng.normal(0, 0.8)))

    flesh = anatomy.trunk(grid, habitus, abducted, raised)
    wall = np.float32(1) + np.float32(0.012) * noise(rng, grid.n, 6.0, 0.25)
    pneumatic = np.float32(LUNG * habitus.lung)
    tissue = np.minimum(anatomy.heart(grid, habitus), aerated)
    branch = vessels.tree(habitus, rng)
    vascular = ndimage.gaussian_filter(splat(grid, branch.x, branch.y, branch.w), soften)
    vascular = np.minimum(1.25 * vascular, aerated)
    texture = noise(rng, grid.n, 0.8, 0.06, 1.1)
    bubble = (float(rng.uniform(4.5, 8.0)), float(rng.uniform(0.9, 2.6)), float(rng.uniform(0.0, 5.0)))
    hollow = np.minimum(anatomy.air(grid, habitus, bubble), 0.6 * flesh)
    middle = np.float32(SOFT) * (flesh * wall - hollow) - (np.float32(SOFT) - pneumatic) * (aerated - tissue - vascular)
    middle += np.float32(0.0022) * texture * aerated
    middle += opacities.look_alikes(grid, habitus, aerated, rng)
    middle = np.maximum(middle, 0)
    # The window is set on the body without disease, because an opacity must not darken the rest of the film.
    chest = np.s_[int(0.24 * grid.n) : int(0.88 * grid.n) : 4, int(0.15 * grid.n) : int(0.85 * grid.n) : 4]
    low, high = np.quantile((back + middle + front)[chest], [0.06, 0.95])
    disease = None
    if positive:
        own = np.random.default_rng(_stream(seed, patient, _STREAMS["disease"]))
        disease = opacities.draw_disease(grid, habitus, aerated, silhouette, own)
    return Body(grid, habitus, back, middle, front, (float(low), float(high)), aerated, silhouette, disease)


def film_count(seed: int, patient: int) -> int:
    """Return a patient's number of films, 1 to 4, independent of the class."""
    rng = np.random.default_rng(_stream(seed, patient, _STREAMS["count"]))
    return int(rng.choice(np.arange(1, MAX_FILMS + 1), p=[0.3, 0.3, 0.25, 0.15]))


def view_of(seed: int, patient: int, film: int) -> str:
    """Return the projection of a film: PA or AP."""
    return projection.draw_exposure(np.random.default_rng(_stream(seed, patient, _STREAMS["film"], film))).view


def expose(
    body: Body, seed: int, patient: int, film: int, size: int, portable: bool | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Make one film of a body: image uint8 `[size, size]` and the finding's mask, bool (empty for a negative).

    All random draws except those of the disease, and the display window, are the same for both classes: a positive and
    a negative of one seed differ only in the opacities. `portable` decides the projection, which else is drawn.
    """
    rng = np.random.default_rng(_stream(seed, patient, _STREAMS["film"], film))
    e = projection.draw_exposure(rng, portable)
    x, y = projection.sightlines(body.grid, size, e)
    middle = body.middle
    mask = np.zeros((size, size), dtype=bool)
    if body.disease is not None:
        course = np.random.default_rng(_stream(seed, patient, _STREAMS["course"], film))
        added, where = body.disease.at(float(np.clip(1.0 + 0.14 * course.standard_normal(), 0.72, 1.4)))
        middle = middle + added
        mask = projection.look(where, body.grid, x, y) > 0.5
    total = projection.look(middle, body.grid, x, y)
    total += projection.look(body.back, body.grid, x, y, -e.yaw)
    total += projection.look(body.front, body.grid, x, y, e.yaw)
    total += accessories.leads(size, e, rng)

    log_signal = projection.detect(total, e, rng)
    open_beam = accessories.collimation(size, rng)
    low, high = body.window
    film_ = projection.display(log_signal, (low - 0.8, high), e) * open_beam
    lead = accessories.marker(size, e, rng)
    film_ = film_ * (1 - lead) + lead
    mask &= np.broadcast_to(open_beam, mask.shape) > 0.5
    return np.asarray(np.rint(film_ * np.float32(255)), dtype=np.uint8), mask


def render(
    seed: int, patient: int, film: int, positive: bool, size: int = 320
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return a synthetic film and its mask: image uint8 `[size, size]`, mask bool `[size, size]`; a pure function."""
    return expose(build(seed, patient, size, positive), seed, patient, film, size)
