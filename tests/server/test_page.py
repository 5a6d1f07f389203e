"""The page in a browser: a file that is dropped is drawn, predicted, and can be downloaded."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from outcomes import Wish
from served import CLASSES, NUMBER, as_text, made, spectra

uvicorn = pytest.importorskip("uvicorn", reason="the extra server is not installed: pip install 'spectune[server]'")

from fastapi import FastAPI, Response  # noqa: E402

from spectune.server.app import app_of  # noqa: E402
from spectune.server.running import listening, url_of  # noqa: E402
from spectune.spectra.table import Table  # noqa: E402

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium here to open the page with")

ACT = """
addEventListener("load", () => {
  const file = new File([CONTENT], NAME);
  const bag = new DataTransfer();
  bag.items.add(file);
  HOW
  let kept = "";
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function () { kept = this.download; };
  const look = setInterval(() => {
    document.body.dataset.focus = document.activeElement.id;
    document.body.dataset.kept = kept;
    const button = document.getElementById("download");
    if (!document.getElementById("result").hidden && !kept) button.click();
  }, 50);
});
"""
DROP = 'document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: bag }));'
CHOOSE = (
    'const field = document.getElementById("file"); field.files = bag.files; field.dispatchEvent(new Event("change"));'
)


def strange_spectra(wish: Wish) -> Table:
    """Test spectra, of which the fourth is ten times as strong and the sixth has a spike; a name looks like markup."""
    table = spectra(wish)
    x, ids = table.x.copy(), table.columns["id"].astype("U40")
    x[3] *= 10
    x[5, 20] += 3
    ids[0] = "<b onclick=1>"
    return Table(x, table.axis, {"id": ids})


@contextmanager
def opened(app: FastAPI) -> Iterator[str]:
    """Where the application answers while the block runs."""
    with listening("127.0.0.1", 0) as place:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=lambda: server.run([place]))
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield url_of(place)
        finally:
            server.should_exit = True
            thread.join()


def with_file(wish: Wish, content: bytes, how: str, name: str = "new.csv", token: str | None = None) -> FastAPI:
    """The application, and ``/try``: its page with a hand that brings a file."""
    app = app_of(made(wish)[0], token)
    page = next(route for route in app.routes if getattr(route, "path", "") == "/")
    script = ACT.replace("CONTENT", repr(content.decode())).replace("NAME", repr(name)).replace("HOW", how)

    @app.get("/try")
    async def tried() -> Response:
        made_page: Callable[[], Response] = page.endpoint  # type: ignore[attr-defined]
        text = bytes((await made_page()).body).decode()  # type: ignore[misc]
        return Response(text.replace("</body>", '<script src="try.js"></script></body>'), media_type="text/html")

    @app.get("/try.js")
    async def hand() -> Response:
        return Response(script, media_type="text/javascript")

    return app


def seen(url: str, folder: Path, *options: str) -> str:
    """What a browser makes of a page after five seconds of its own time."""
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'browser'}"]
    words += ["--virtual-time-budget=5000", "--disable-background-networking", *options]
    made = subprocess.run([*words, "--dump-dom", url], capture_output=True, text=True, timeout=120, check=True)
    return made.stdout


@pytest.mark.parametrize("how", [DROP, CHOOSE], ids=["dropped", "chosen"])
def test_a_file_is_drawn_predicted_and_handed_back(how: str, tmp_path: Path) -> None:
    table = strange_spectra(NUMBER)
    wanted = made(NUMBER)[0].model.predict(table)
    with opened(with_file(NUMBER, as_text(table), how)) as url:
        dom = seen(f"{url}try", tmp_path)
    assert '<h1 id="title">Predictions of fat (%)</h1>' in dom
    flagged = [bool(words) for words in wanted.flags or ()]
    assert dom.count('class="usual"') == flagged.count(False)
    assert dom.count('class="strange"') == 2 * flagged.count(True)
    assert flagged[3]
    assert flagged[5]
    rows = re.findall(r"<tr[^>]*><td class=\"word\">(.*?)</tr>", dom)
    assert len(rows) == 12
    shown = [float(re.findall(r"<td>([-\d.e]+)</td>", row)[0]) for row in rows]
    np.testing.assert_allclose(shown, wanted.mean, rtol=1e-3)
    assert "&lt;b onclick=1&gt;" in rows[0]
    assert "new-predictions.csv was handed to your browser" in dom
    assert 'data-kept="new-predictions.csv"' in dom
    assert 'data-focus="heading"' in dom
    assert re.search(r'<p id="trouble" role="alert"></p>', dom)


def test_classes_are_shown_with_their_sets(tmp_path: Path) -> None:
    with opened(with_file(CLASSES, as_text(spectra(CLASSES)), DROP)) as url:
        dom = seen(f"{url}try", tmp_path)
    assert '<th class="word" scope="col">90 % set</th>' in dom
    assert dom.count('<td class="word">Grèce</td>') + dom.count('<td class="word">Italy</td>') >= 12


def test_a_refusal_is_shown_as_the_sentence_it_is(tmp_path: Path) -> None:
    with opened(with_file(NUMBER, b"id,850,851,852\na,1,oops,3\n", DROP)) as url:
        dom = seen(f"{url}try", tmp_path)
    assert re.search(r'role="alert">new.csv: .*oops', dom)
    assert 'id="result" hidden=""' in dom


def test_the_page_asks_for_a_token_where_one_is_needed(tmp_path: Path) -> None:
    with opened(app_of(made(NUMBER)[0], "correct-horse-battery")) as url:
        dom = seen(url, tmp_path)
    assert '<form id="entry">' in dom
    assert "this server needs its token" in dom


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_sticks_out_to_the_right(width: int, tmp_path: Path) -> None:
    with opened(with_file(NUMBER, as_text(strange_spectra(NUMBER)), DROP)) as url:
        seen(
            f"{url}try",
            tmp_path,
            f"--window-size={width},1200",
            "--hide-scrollbars",
            f"--screenshot={tmp_path / 'a.png'}",
        )
    picture = imread(tmp_path / "a.png")
    assert picture.shape[1] == width
    assert np.ptp(picture[:, 20:-20]) > 0.5
    assert np.ptp(picture[:, -8:]) == 0
