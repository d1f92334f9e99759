"""Where each frame's bytes lie in a stored instance.

Native frames lie one after another at the offset that cataloguing found;
encapsulated ones where its index of fragments says. Nothing is decoded.

Source: DICOM PS3.5 8 (native and encapsulated pixel data), PS3.18 10.4.1.1.6 (frame list).
"""

import re
from collections.abc import Sequence

from appliance.archive.located import Image, Located
from appliance.dicom.fragments import find_frames
from appliance.errors import NotFound, Unsuitable
from appliance.web.dicomweb.ranges import Piece, Stretch

MOST_FRAMES = 4096


def parse_frame_list(text: str) -> list[int]:
    """Read `1,2,3`: frame numbers from 1 on.

    Raises:
        Unsuitable: It is no such list.
    """
    if not re.fullmatch(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", text, re.ASCII):
        raise Unsuitable("a frame list has numbers from 1 on, parted by commas")
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) > MOST_FRAMES:
        raise Unsuitable("too many frames at once")
    return numbers


def frame_pieces(located: Located, numbers: Sequence[int]) -> list[list[Piece]]:
    """Give the pieces of each asked frame.

    Raises:
        NotFound: The instance has no such frame, or none that can be told apart.
    """
    image = located.image
    if image.frame_index is not None:
        return _encapsulated(located, image.frame_index, numbers)
    if image.pixel_offset is None or image.pixel_bytes is None:
        raise NotFound("no frames that can be given one by one")
    if image.bits_allocated == 1:
        raise NotFound("frames of single bits do not begin at bytes")
    length = native_frame_bytes(image)
    return [[Stretch(located, _checked(number, image.frame_count, image, length), length)] for number in numbers]


def native_frame_bytes(image: Image) -> int:
    """Give the length of one native frame.

    Raises:
        NotFound: The rows do not say, or the pixel data is shorter than they say.

    Source: DICOM PS3.3 C.7.6.3.1.2 (YBR_FULL_422 has two samples where it says three).
    """
    pixel_bytes = image.pixel_bytes or 0
    bits = (image.rows or 0) * (image.columns or 0) * (image.samples_per_pixel or 1) * (image.bits_allocated or 0)
    whole = bits // 8
    for length in (whole, whole * 2 // 3 if image.samples_per_pixel == 3 else 0):
        if length and 0 <= pixel_bytes - length * image.frame_count <= 1:  # one byte may pad to an even length
            return length
    if whole and pixel_bytes >= whole * image.frame_count:
        return whole
    raise NotFound("the pixel data is shorter than its description")


def _checked(number: int, count: int, image: Image, length: int) -> int:
    if number > count:
        raise NotFound("no such frame")
    return (image.pixel_offset or 0) + (number - 1) * length


def _encapsulated(located: Located, index: bytes, numbers: Sequence[int]) -> list[list[Piece]]:
    frames = find_frames(index, numbers, located.image.frame_count)
    if frames is None:
        raise NotFound("no such frame")
    return [[Stretch(located, offset, length) for offset, length in fragments] for fragments in frames]
