"""What is asked of the store → SQL → records, counts, files."""
