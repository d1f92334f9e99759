"""The settings: one frozen struct from one file, all faults told together.

Secrets are never settings. Times of day, sizes and ports carry their unit in
their name. Nothing outside this module reads the environment.
"""
