"""How good, with an interval."""
