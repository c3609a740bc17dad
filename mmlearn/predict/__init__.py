"""Vector -> label, rank, words, pixels."""
