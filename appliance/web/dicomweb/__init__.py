"""QIDO-RS and WADO-RS over one scoped source."""
