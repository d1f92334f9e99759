"""Backup: copies of the box on targets that the clinic owns, each in two repositories."""
