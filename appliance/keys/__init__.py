"""Keys: where they come from, what they wrap, and the sealed stream they make."""
