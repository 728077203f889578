"""Scripts that print the published figures, and what they share."""
