"""Straight through plain files, without a store: the first hit long before the end is read."""
