"""Printed matter: PDF documents made in memory, in every script that this machine has letters for."""
