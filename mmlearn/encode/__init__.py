"""Arrays -> vectors: what a picture, a sentence or a sound is turned into."""
