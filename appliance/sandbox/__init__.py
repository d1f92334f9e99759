"""Parses untrusted bytes in a child without keys, network or files."""
