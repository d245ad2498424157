"""The Classify screen: it shows what a model predicts of chosen films."""
