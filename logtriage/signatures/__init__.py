"""The pattern library: what known failures look like, found in one pass over all records."""
