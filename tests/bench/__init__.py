"""What the main paths cost: each figure beside one of the same run that means something, as a ratio."""
