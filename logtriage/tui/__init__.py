"""The screen: all sources on one timeline (a Textual application)."""
