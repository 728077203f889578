"""The video part of the Predict page: its charts, and one moment of a video in pictures."""
