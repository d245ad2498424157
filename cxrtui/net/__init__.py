"""The network room: a ResNet-50 for one-channel X-rays, its classifier head, and weights from elsewhere.

Knows nothing of training, evaluation, data or the faces. Import the modules, not this package::

    layers.py      convolution, batch normalisation, max pooling, dropout
    resnet.py      ResNet50: stem and four stages
    classifier.py  ClassifierSpec, Classifier: backbone and head
    freeze.py      split and merge for a training step; which parameters decay, which are the head's
    port.py        weights with torchvision's keys
    backend.py     compilation cache, device description, compute dtype
    checkpoints.py  a run's saved states
"""
