"""The clinic's web app on its own network."""
