"""What is true of DICOM in any product: parsing within bounds, names, geometry. No I/O."""
