"""What a line is: its format is detected, its fields are parsed, and lines become whole records."""
