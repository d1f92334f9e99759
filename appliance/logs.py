"""Logging set up once, for an operator's eyes, never with patient data."""
