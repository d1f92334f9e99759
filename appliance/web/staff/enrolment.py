"""Draws the QR picture of a new second factor, on the box itself."""

from io import BytesIO

import segno


def qr_picture(text: str) -> bytes:
    """Give `text` as a QR code in SVG, without script or style."""
    picture = BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="svg", scale=1, border=3, dark="#15211f", light="#fff")
    return picture.getvalue()
