"""Records grouped by transaction, request, block or trace, and which of these sessions differ from the rest."""
