"""The main screen, what it consists of and what one does on it: a kind of action a file."""
