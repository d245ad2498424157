"""The modules of this room print without a screen. They never import Textual."""
