"""Many vectors to one vector, one decision or one shared space."""
