"""Where a form may send a person back to."""


def local_path(text: str) -> str:
    """Take a path of this site, and nothing that a browser could take for another one."""
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if plain and len(text) <= 256 else "/"
