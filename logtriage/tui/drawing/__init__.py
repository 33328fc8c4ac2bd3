"""How a piece of text, a time or a value looks on the screen."""
