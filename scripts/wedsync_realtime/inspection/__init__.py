"""Whether a database holds what the files say, and the adoption of one that does."""
