"""The viewer in a real browser: what it shows is what is stored."""
