"""What a package says to people; English unless the door that asked for it gives another language's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackageWords:
    """Every text of a package. What stands in braces is filled in."""

    language: str = "en"
    title: str = "Images and documents of a patient"
    patient: str = "Patient"
    patient_id: str = "Patient number"
    born: str = "Born"
    sex: str = "Sex"
    clinic: str = "Clinic"
    made: str = "Made on"
    study: str = "Study"
    no_description: str = "Without a description"
    date: str = "Date"
    described: str = "Description"
    modality: str = "Kind"
    images: str = "Images"
    coding: str = "Coding"
    folder: str = "Folder"
    files: str = "{count} files, {megabytes} MB"
    damaged: str = "{count} files are not in this package: they are damaged on the clinic's machine. Ask the clinic."
    versions: str = "{count} images came to the clinic in more than one version; the first of each is in this package."
    excluded: str = (
        "Some images are packed in a way ({names}) that the standard's profiles for discs do not list. "
        "They are exactly as the scanner sent them; a program that cannot open them says so."
    )
    open_title: str = "How to look at the images"
    open_steps: str = (
        "On a computer with Windows, macOS or Linux, unpack the ZIP, open INDEX.HTM in Chrome, Edge or Firefox and "
        "choose the folder in which it lies. Nothing is sent anywhere, and no network is needed."
    )
    open_tablet: str = (
        "On a tablet or telephone a browser does not open a page from a folder: look at the PDF there, "
        "and at the images on a computer, or ask the clinic to show them."
    )
    others: str = "Every other DICOM program opens the file DICOMDIR, or the folder DICOM."
    check: str = "To check that every file is whole: sha256sum --check SHA256SUMS"
    privacy: str = (
        "These are health data. Keep them where nobody else can read them, and delete copies that are no longer needed."
    )
    diagnosis: str = "The viewer in this package is not for diagnosis."
    page: str = "Page {page} of {pages}"
    undrawn: str = "{box} stands for a letter that the clinic's machine has no font for."
    choose: str = "Choose this folder"
    chosen: str = "Choose the folder in which this page lies, or the ZIP itself. You can also drop it here."
    choose_files: str = "Choose files or the ZIP"
    needs_script: str = "Looking at the images needs a browser that runs scripts of this page."


ENGLISH = PackageWords()
