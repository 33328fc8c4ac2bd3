"""How times are written, read, and printed again exactly."""
