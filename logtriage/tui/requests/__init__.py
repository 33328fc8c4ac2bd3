"""What the screen asks the engine, and how the store answers."""
