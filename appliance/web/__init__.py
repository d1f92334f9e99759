"""The web door: the staff app, DICOMweb, and the viewer they serve."""
