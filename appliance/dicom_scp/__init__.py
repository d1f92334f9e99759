"""The DICOM door: the receiver, which sees only the inbox, and what sends."""
