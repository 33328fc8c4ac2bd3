"""What is asked of a store → records, counts, files: one kind of answer a file."""
