"""This package holds the network: a ResNet-50 for one-channel X-rays and its classifier head. It reads no files.

::

    layers.py      convolution, dropout
    normalisation.py, pooling.py
                   batch normalisation, max pooling: their gradients are written by hand, for XLA's are slow on CPUs
    resnet.py      ResNet50: stem and four stages
    classifier.py  ClassifierSpec, Classifier: backbone and head
    build.py       the network that a configuration describes
    freeze.py      split and merge for a training step, at any freeze level; groups and weight decay of parameters
    backend.py     compilation cache, device description, compute dtype
"""
