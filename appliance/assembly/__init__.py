"""Builds everything once, from the settings."""
