"""Draws QR pictures, of a new second factor and of an invitation, on the box itself."""

from io import BytesIO

import segno


def qr_picture(text: str, scale: int = 1) -> bytes:
    """Give `text` as a QR code in SVG, without script or style; `scale` is how many pixels a dot is wide."""
    picture, code = BytesIO(), segno.make(text, error="m", micro=False)
    code.save(picture, kind="svg", scale=scale, border=3, dark="#15211f", light="#fff")
    return picture.getvalue()
