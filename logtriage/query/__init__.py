"""A question → how the store answers it: which records need be looked at, and in what order."""
