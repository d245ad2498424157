"""The network: a ResNet-50 for one-channel X-rays and its classifier head. Knows nothing of files.

::

    layers.py      convolution, batch normalisation, max pooling, dropout
    resnet.py      ResNet50: stem and four stages
    classifier.py  ClassifierSpec, Classifier: backbone and head
    build.py       the network that a configuration describes
    freeze.py      split and merge for a training step, at any freeze level; which parameters decay, whose they are
    backend.py     compilation cache, device description, compute dtype
"""
