"""A compressed slice with words among its bytes, as programs of intraoral sensors write them."""

import io

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from tests.viewer.samples import grey_dataset, ramp


def compressed_dataset(word: str, **facts: object) -> Dataset:
    """Give a baseline JPEG with this word in a comment, in Exif, behind its end and in a fragment of its own."""
    exif = Image.Exif()
    exif[0x010E] = word  # ImageDescription
    grey = (ramp(3) // 8 % 256).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", comment=word.encode(), exif=exif)
    dataset = grey_dataset(ramp(3), **facts)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    behind = encapsulate([word.encode() + b"\0" * (len(word) % 2)], has_bot=False)[8:]
    dataset.PixelData = encapsulate([file.getvalue() + word.encode()]) + behind
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return dataset
