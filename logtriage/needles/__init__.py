"""What a user looks for in text: ripgrep's patterns, found in files and expressed in SQL."""
