"""Records grouped by transaction, request, block or trace, and which of these sessions went otherwise than the rest."""
