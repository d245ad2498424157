"""What prints without a screen. Never imports Textual."""
