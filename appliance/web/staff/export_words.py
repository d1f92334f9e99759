"""What a package says, in the language of the person who takes it out."""

from appliance.export.words import PackageWords
from appliance.web.languages import gettext as _
from appliance.web.languages import spoken


def package_words() -> PackageWords:
    """Give every text of a package in the language that is spoken now."""
    return PackageWords(language=spoken().code, **_labels(), **_sentences())


def _labels() -> dict[str, str]:
    return dict(  # noqa: C408  the names are those of fields
        title=_("Images and documents of a patient"),
        patient=_("Patient"),
        patient_id=_("Patient number"),
        born=_("Born"),
        sex=_("Sex"),
        clinic=_("Clinic"),
        made=_("Made on"),
        study=_("Study"),
        no_description=_("Without a description"),
        date=_("Date"),
        described=_("Description"),
        modality=_("Kind"),
        images=_("Images"),
        coding=_("Coding"),
        folder=_("Folder"),
        files=_("{count} files, {megabytes} MB"),
    )


def _sentences() -> dict[str, str]:
    return dict(  # noqa: C408  the names are those of fields
        damaged=_("{count} files are not in this package: they are damaged on the clinic's machine. Ask the clinic."),
        versions=_("{count} images came to the clinic in more than one version; the first of each is in this package."),
        excluded=_(
            "Some images are packed in a way ({names}) that the standard's profiles for discs do not list. "
            "They are exactly as the scanner sent them; a program that cannot open them says so."
        ),
        open_title=_("How to look at the images"),
        open_steps=_(
            "On a computer with Windows, macOS or Linux, unpack the ZIP, open INDEX.HTM in Chrome, Edge or Firefox and "
            "choose the folder in which it lies. Nothing is sent anywhere, and no network is needed."
        ),
        open_tablet=_(
            "On a tablet or telephone a browser does not open a page from a folder: look at the PDF there, "
            "and at the images on a computer, or ask the clinic to show them."
        ),
        others=_("Every other DICOM program opens the file DICOMDIR, or the folder DICOM."),
        check=_("To check that every file is whole: sha256sum --check SHA256SUMS"),
        privacy=_(
            "These are health data. Keep them where nobody else can read them, "
            "and delete copies that are no longer needed."
        ),
        diagnosis=_("The viewer in this package is not for diagnosis."),
        page=_("Page {page} of {pages}"),
        undrawn=_("{box} stands for a letter that the clinic's machine has no font for."),
        choose=_("Choose this folder"),
        chosen=_("Choose the folder in which this page lies, or the ZIP itself. You can also drop it here."),
        choose_files=_("Choose files or the ZIP"),
        needs_script=_("Looking at the images needs a browser that runs scripts of this page."),
    )
