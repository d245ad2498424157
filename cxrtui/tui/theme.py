"""The dark theme. Films are grey on black, so only important things have a colour."""

from textual.theme import Theme

GOOD, WARN, BAD, BUSY = "#8fc98f", "#f0b860", "#e0736f", "#6fb3e8"
TRACK, FAINT = "#2a353e", "#7d8a95"
TRAIN, TRAIN_RAW, VALIDATION = "#6fb3e8", "#3d5a73", "#f0b860"

THEME = Theme(
    name="cxrtui",
    primary="#6fa3c8",
    secondary="#5d7285",
    accent="#8fc1b5",
    warning="#f0b860",
    error="#e0736f",
    success="#8fc98f",
    foreground="#d8dee4",
    background="#0f1316",
    surface="#171d22",
    panel="#1d252b",
    dark=True,
    variables={
        "border": "#6fa3c8",
        "border-blurred": "#33414c",
        "footer-key-foreground": "#8fc1b5",
        "footer-description-foreground": "#aab4bd",
        "input-selection-background": "#6fa3c8 35%",
        "block-cursor-background": "#34536b",
        "block-cursor-foreground": "#eef3f7",
        "block-cursor-text-style": "bold",
        "scrollbar": "#33414c",
        "scrollbar-hover": "#44545f",
        "scrollbar-active": "#6fa3c8",
        "scrollbar-background": "#141a1e",
        "scrollbar-background-hover": "#141a1e",
        "scrollbar-background-active": "#141a1e",
        "scrollbar-corner-color": "#141a1e",
    },
)
