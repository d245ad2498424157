import os

os.environ["CXRTUI_CHARTS"] = "braille"  # whatever the locale of the tests
