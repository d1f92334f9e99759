"""Enamel: a clinic keeps its own scans."""

__version__ = "0.1.0"
