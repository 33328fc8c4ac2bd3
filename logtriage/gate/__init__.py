"""A gate for CI: do logs hold what must not be in them?"""
