"""A jaw of known geometry and the DICOM objects that a scanner would make of it."""
