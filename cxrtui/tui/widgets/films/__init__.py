"""Films in half blocks: their pixels, the widget that draws them, and their decoding off the event loop."""
