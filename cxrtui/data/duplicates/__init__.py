"""This package finds films of one exposure: identical files, and copies that were resized, cropped, edited or turned.

`thumbnails` keeps a small image of each film by its content; `descriptor` and `candidates` propose pairs,
`registration` and `similarity` confirm them, and `search` does all of it. `relations` turns pairs into groups and
conflicts. `known` keeps descriptors of a run's films, without their images, to recognise them elsewhere.
"""
