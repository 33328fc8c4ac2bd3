"""The only door to DuckDB: a DuckLake that keeps every byte, and the views over it."""
