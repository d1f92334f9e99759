"""A study's series are changed inside the viewer, in Chromium by a real click and by keys."""

from tests.viewer.conftest import Show
from tests.viewer.page_server import PAGE
from tests.viewer.samples import block_slices, phantom
from tests.viewer.series_stream import series_stream

CURRENT = ' aria-current="page"'


def page_of(key: int) -> bytes:
    """The clinic's page of one of two series, as the box sends it."""
    links = "".join(
        f'<a href="/series/{one}/view" data-stream="/stream/{one}" data-modality="CT"'
        f"{CURRENT if one == key else ''}><b>Series {one}</b> <span>CT</span></a>"
        for one in (1, 2)
    )
    page = PAGE.format(name=str(key), more="").replace("CBCT lower jaw", f"Series {key}")
    return page.replace("</main>", f'<nav class="others">{links}</nav></main>').encode()


def test_another_series_is_shown_without_leaving_and_this_one_is_as_it_was_on_coming_back(show: Show) -> None:
    found = show(
        "strip",
        {
            "/series/1/view": page_of(1),
            "/series/2/view": page_of(2),
            "/stream/1": series_stream(block_slices()),
            "/stream/2": series_stream(phantom()),
        },
    )
    first, touched = found["first"], found["touched"]
    assert (first["images"], first["slab"], first["marked"]) == (40, 0, "/series/1/view")
    assert touched["slab"] == 2
    assert touched["crosshair"] != first["crosshair"]
    assert (found["byClick"]["images"], found["byClick"]["marked"]) == (9, "/series/2/view")
    assert "Series 2" in found["byClick"]["subject"], "whose picture it is changes with it"
    assert found["byKey"] == touched, "as it was"
    assert found["round"]["images"] == 9, "round the end"
    assert found["forth"] == touched
    assert found["hidden"]
    assert found["isSamePage"]
    pages = [f"/series/{key}/view" for key in (1, 2, 1, 2, 1)]
    assert found["pages"] == pages, "the box is asked each time: it decides and records"
