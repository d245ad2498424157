"""Describes the ResNet50 of Keras applications, of its first years, and of RadImageNet, which has Keras's names.

The network is v1, and its convolutions have a bias. ``caffe`` preprocessing is BGR on [0, 255] minus ImageNet's means.
Sources: ``keras.applications.resnet``; ``resnet50.py`` of keras-applications 1.0.8 and ``normalization.py`` of Keras
2.2.4 (epsilon 1e-3) for the first years, 2016 to 2019; RadImageNet's published training scripts, which put Keras's
``imagenet_utils.preprocess_input`` and then ``rescale=1/255`` before it (Mei et al. 2022, Radiology: AI 4:e210315).
"""

from __future__ import annotations

import dataclasses

from cxrtui.weights.formats.format import Format, Normalisation

CAFFE_MEAN = (103.939, 116.779, 123.68)

KERAS = Format(
    name="keras",
    written_by="Keras applications",
    names={
        "stem_conv": "conv1_conv",
        "stem_norm": "conv1_bn",
        "conv": "conv{s2}_block{b1}_{u}_conv",
        "norm": "conv{s2}_block{b1}_{u}_bn",
        "conv_shortcut": "conv{s2}_block{b1}_0_conv",
        "norm_shortcut": "conv{s2}_block{b1}_0_bn",
        "head": "predictions",
    },
    leaves={
        "conv": {"kernel": "/kernel", "bias": "/bias"},
        "norm": {"scale": "/gamma", "bias": "/beta", "mean": "/moving_mean", "var": "/moving_variance"},
        "head": {"kernel": "/kernel", "bias": "/bias"},
    },
    normalisation=Normalisation(CAFFE_MEAN, (1.0, 1.0, 1.0), scale=255.0, order="BGR"),
    layout="HWIO",
    architecture="v1",
    epsilon=1.001e-5,
)

RADIMAGENET = dataclasses.replace(
    KERAS,
    name="radimagenet",
    written_by="RadImageNet",
    normalisation=Normalisation(tuple(mean / 255 for mean in CAFFE_MEAN), (1.0, 1.0, 1.0), order="BGR"),
    file_name=r"(?i).*rad_?imagenet.*",
)

# Up to 1.0.5 it pooled without padding, with the same file of weights. This is the network of 1.0.6 and later, which
# pads as ours does.
KERAS2016 = dataclasses.replace(
    KERAS,
    name="keras2016",
    written_by="Keras applications of 2016 to 2019",
    names={
        "stem_conv": "conv1",
        "stem_norm": "bn_conv1",
        "conv": "res{s2}{ba}_branch2{ua}",
        "norm": "bn{s2}{ba}_branch2{ua}",
        "conv_shortcut": "res{s2}{ba}_branch1",
        "norm_shortcut": "bn{s2}{ba}_branch1",
        "head": "fc1000",
    },
    epsilon=1e-3,
)
