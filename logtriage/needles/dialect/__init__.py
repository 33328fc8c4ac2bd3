"""Regular expressions as ripgrep reads them, understood once and written for every engine that is used here.

    pattern → what a user gave, read (reader, classes): a tree (nodes, charset)
    writer  → the tree → a pattern for `re`, `regex`, RE2 (DuckDB) or Hyperscan, and whether it means the same
    pieces  → the tree → texts that a matching line, or its shape, must hold

The language is that of Rust's regex crate in its Unicode mode; lookaround, backreferences and atomic groups are read
too, and mark the pattern as one that only `regex` can decide.
"""
