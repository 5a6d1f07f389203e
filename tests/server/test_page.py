"""The page in a browser: a file that is dropped is drawn, predicted, and can be downloaded."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from outcomes import Wish
from served import CLASSES, NUMBER, as_text, made, spectra
from serving import opened
from spectune.spectra.table import Table

pytest.importorskip("uvicorn", reason="the extra server is not installed: pip install 'spectune[server]'")

from fastapi import FastAPI, Response

from spectune.server.app import app_of

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="there is no chromium here to open the page with"),
    pytest.mark.xdist_group("processes"),
]

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


def with_file(wish: Wish, content: bytes, how: str, name: str = "new.csv", token: str | None = None) -> FastAPI:
    """The application, and ``/try``: its page with a hand that brings a file."""
    app = app_of(made(wish)[0], token)
    page = files("spectune.server").joinpath("page/index.html").read_text(encoding="utf-8")
    script = ACT.replace("CONTENT", repr(content.decode())).replace("NAME", repr(name)).replace("HOW", how)

    @app.get("/try")
    async def tried() -> Response:
        return Response(page.replace("</body>", '<script src="try.js"></script></body>'), media_type="text/html")

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
    assert f"by the tuned network. What its run says: {made(NUMBER)[1].verdict.sentence}" in dom
    assert "The interval holds the true value of 90 % of new samples like those of the calibration" in dom
    flagged = [bool(words) for words in wanted.flags or ()]
    assert dom.count('class="usual"') == flagged.count(False)
    assert dom.count('class="strange"') == 2 * flagged.count(True)
    assert flagged[3]
    assert flagged[5]
    rows = re.findall(r"<tr[^>]*><td class=\"word\">(.*?)</tr>", dom)
    assert len(rows) == 12
    shown = [re.findall(r"<td>(-?\d+\.?\d*)</td>", row)[0] for row in rows]
    (decimals,) = {len(value.partition(".")[2]) for value in shown}
    np.testing.assert_allclose([float(value) for value in shown], wanted.mean, atol=0.51 * 10**-decimals)
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


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [("unit", "cm-1", "from 9523.81 to 11764.7 nm"), ("signal", "reflectance", 'middle">reflectance</text>')],
)
def test_what_is_said_of_a_file_is_asked_with_it(name: str, said: str, shown: str, tmp_path: Path) -> None:
    how = f'document.getElementById("{name}").value = "{said}"; {DROP}'
    with opened(with_file(NUMBER, as_text(spectra()), how)) as url:
        assert shown in seen(f"{url}try", tmp_path)
