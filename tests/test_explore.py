"""`minigen.explore`: the page answers as the trained model does, whatever a run folder holds, in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import inspect
import json
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from pages import Page
from PIL import Image
from small_runs import small_run

import minigen
from minigen import Tensor, explore, nn, ops
from minigen.exploring.content import _abilities, content
from minigen.exploring.programs import FORWARD, operations
from minigen.exploring.tracing import TraceError, trace
from minigen.files import read
from minigen.inference import loading
from minigen.inference.arrays import UseError
from minigen.inference.inputs import from_test_set
from minigen.models import MODELS
from minigen.ops.methods import Methods

KINDS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in MODELS),
    ("vae", {"data": "shapes"}),
    ("conv-ae", {"pooling": "max"}),
    ("sae", {"mode": "joint"}),
    ("recurrent-ae", {"data": "waves"}),
    ("recurrent-ae", {"data": "waves", "reversed_target": False, "standardise": False, "clock": False}),
    ("deconv", {"task": "denoise"}),
    ("gan", {"output": "sigmoid"}),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path / "run")


def written(run: Path, *words: str) -> Path:
    assert explore.main([str(run), "--no-open", *words]) == 0
    return run / "explore.html"


# --- in the browser -----------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(("name", "options"), KINDS, ids=str)
def test_the_page_answers_as_the_trained_model_does(
    browser: Any, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    run = small_run(tmp_path / "run", name, **options)
    page = Page(browser, written(run), minigen.load(run))
    able = page("content.abilities")
    for move in [page.slide] * ("decode" in able) + [page.draw] * ("input" in able):
        before = page("[...pad.values, ...state.code]")
        move()
        assert page("[...pad.values, ...state.code]") != before
        differences = page.differences()
        assert max(differences.values()) <= 1, differences
    assert page.complaints() == []


HOSTILE = ["</script><script>document.title = 'hacked'</script>", '<img src="x" onerror="document.title = `hacked`">']
HOSTILE += [
    "'\"><svg onload=alert(1)>",
    "]]>&lt;b&gt;{{script}}{{arrays}}",
    "</script/x",
    "\u202eevil\x1b[31m",
    "\u2028",
    "w" * 9999,
]


@pytest.mark.browser
@pytest.mark.parametrize("name", ["cnn", "ae"])
def test_nothing_in_a_run_folder_becomes_code(
    browser: Any, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, classes, load = small_run(tmp_path / "run", name), (*HOSTILE, "8", "9"), loading.load_set
    monkeypatch.setattr(loading, "load_set", lambda *words: dataclasses.replace(load(*words), classes=classes))
    described = json.loads((run / "config.json").read_text(encoding="utf-8"))
    described["data"] |= {"classes": classes, "name": HOSTILE[0]}
    (run / "config.json").write_text(json.dumps(described), encoding="utf-8")
    page = Page(browser, written(run), minigen.load(run))
    page.draw()
    assert page("document.title") == f"{name} · {HOSTILE[0]}"
    assert page("content.classes.slice(0, 5)") == HOSTILE[:5]
    shown = ".legend button" if name == "ae" else ".bar b"
    assert page(f"[...document.querySelectorAll('{shown}')].slice(0, 5).map((e) => e.textContent)") == HOSTILE[:5]
    assert page("document.scripts.length") == 4
    assert page("document.images.length + document.querySelectorAll('svg').length") == 0
    assert page("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


FORBIDDEN = {
    "script": "document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))",
    "handler": "document.body.setAttribute('onclick', 'window.ran = true'); document.body.click()",
    "eval": "try { setTimeout('window.ran = true') } catch {}",
    "fetch": "await fetch('data:,x').then(() => window.ran = true).catch(() => {})",
    "image": "await new Promise((done) => Object.assign(new Image(), {src: 'file:///x', onload: done, onerror: done}))",
    "frame": "document.body.append(Object.assign(document.createElement('iframe'), {src: 'file:///tmp'}))",
}


@pytest.mark.browser
def test_the_page_lets_no_other_code_run_and_nothing_be_fetched(browser: Any, run: Path) -> None:
    page = Page(browser, written(run), minigen.load(run))
    for what, script in FORBIDDEN.items():
        seen = (
            "document.addEventListener('securitypolicyviolation', () => setTimeout(arguments[0], 50), {once: true}); "
        )
        browser.execute_async_script(f"{seen} (async () => {{ {script} }})()")  # until a violation is seen
        assert not page("window.ran"), what
    page.complaints()


@pytest.mark.browser
def test_of_many_questions_the_page_answers_the_newest(browser: Any, run: Path) -> None:
    page = Page(browser, written(run), minigen.load(run))
    ask = "ask('test', 'decode', state.code.map(() => n), () => shown.push(n))"
    browser.execute_script(f"window.shown = []; for (let n = 0; n <= 200; n++) {ask}")
    page.settle()
    assert page("shown") == [0, 200]


@pytest.mark.browser
def test_the_page_can_be_used_by_the_keyboard(browser: Any, run: Path) -> None:
    page = Page(browser, written(run), minigen.load(run))
    up, right, space = "\ue013", "\ue014", " "
    before = page("[...state.code]")
    page.find("#map").send_keys(up + right * 3)
    page.settle()
    assert page("[...state.code]") != before
    page.find("#clear").send_keys(space)
    assert page("Math.max(...pad.values)") == 0
    page.find("#pad").send_keys(space + right * 5 + space + up * 5)
    page.settle()
    assert 0 < page("pad.values.filter((v) => v > 0.5).length") < 40
    assert max(page.differences().values()) <= 1
    unnamed = (
        "[...document.querySelectorAll('button, select, input, [tabindex]')].filter((e) => e.checkVisibility() && "
    )
    unnamed += "!(e.textContent.trim() || e.getAttribute('aria-label') || e.closest('label'))).map((e) => e.outerHTML)"
    assert page(unnamed) == []


DROP = """
const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0)), dataTransfer = new DataTransfer();
dataTransfer.items.add(new File([bytes], "red.png", {type: "image/png"}));
element("pad").dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
"""


@pytest.mark.browser
@pytest.mark.parametrize(("data", "shape"), [("mnist5k", (10, 20)), ("shapes", (64, 32))])
def test_a_picture_file_is_opened_and_restored(browser: Any, tmp_path: Path, data: str, shape: tuple[int, int]) -> None:
    run = small_run(tmp_path / "run", "deconv", data=data)
    page = Page(browser, written(run), minigen.load(run))
    Image.new("RGB", shape[::-1], (255, 0, 51)).save(tmp_path / "red.png")
    if data == "shapes":
        page.find("#file").send_keys(str(tmp_path / "red.png"))
    else:
        browser.execute_script(DROP, base64.b64encode((tmp_path / "red.png").read_bytes()).decode())
    page.until("element('pad-caption').textContent === 'your picture'")
    page.settle()
    side = page("content.shape[1]")
    middle = page.numbers("pad.values").reshape(-1, side, side)[:, side // 2, side // 2]
    expected = [1, 0, 0.2] if data == "shapes" else [0.299 + 0.114 * 0.2]
    np.testing.assert_allclose(middle, expected, atol=0.01)
    corner = page.numbers("pad.values")[0]
    assert corner == 0  # beside a picture that is not square nothing is drawn
    assert max(page.differences().values()) <= 1
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    page.find("#file").send_keys(str(tmp_path / "notes.txt"))
    page.until("element('pad-caption').textContent.startsWith('notes.txt: not a picture')")
    assert page.complaints() == []


# --- the command --------------------------------------------------------------------------------------------


def test_a_page_that_minigen_did_not_write_stays(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = written(run)
    assert written(run) == page
    page.write_text("mine", encoding="utf-8")
    assert explore.main([str(run), "--no-open"]) == 2
    assert page.read_text(encoding="utf-8") == "mine"
    written(run, "--overwrite")
    assert page.read_bytes().startswith(b"<!doctype html>")
    capsys.readouterr()
    assert explore.main([str(run), "--no-open", "--out", str(run / "page.txt")]) == 2
    assert "--out" in (said := capsys.readouterr().err)
    assert ".html" in said
    assert explore.main([str(run), "--no-open", "--out", str(run / "\udcf6.html")]) == 2
    assert "its name is not UTF-8: rename it" in capsys.readouterr().err


class Shown:
    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def open(self, address: str) -> bool:
        assert address.startswith("file:///")
        assert address.endswith("/explore.html")
        return self.answer


@pytest.mark.parametrize(
    ("browser", "opened"),
    [(Shown(True), True), (Shown(False), False), (webbrowser.GenericBrowser("true"), False), (None, False)],
    ids=["a window", "no window", "in the terminal", "none"],
)
def test_the_page_is_opened_or_its_address_told(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], browser: Any, opened: bool
) -> None:
    def get() -> Any:
        if browser is None:
            raise webbrowser.Error
        return browser

    monkeypatch.setattr(webbrowser, "get", get)
    assert explore.main([str(run)]) == 0
    out = capsys.readouterr().out
    assert f"{run / 'explore.html'}: 0." in out
    assert ("no browser" in out) == ((run / "explore.html").as_uri() in out) == (not opened)


# --- programs and weights -----------------------------------------------------------------------------------

TRACED: dict[str, tuple[Callable[[Tensor], Any], list[str]]] = {
    "an operation within another": (lambda x: ops.batch_norm(x, x.data[0] * 0, x.data[0] * 0 + 1), ["batch_norm"]),
    "a method": (lambda x: (x.T @ x).sigmoid(), ["reshape", "matmul", "sigmoid"]),
    "a number on either side": (lambda x: 1 - 2 * x / 3, ["mul", "div", "rsub"]),
    "views": (
        lambda x: x[:, ::-1].unsqueeze(1).broadcast_to(1, 3, 4).flatten(1),
        ["view", "reshape", "view", "reshape"],
    ),
    "dropout in evaluation": (lambda x: ops.relu(ops.dropout(x, 0.5, training=False)), ["relu"]),
    "a module": (lambda x: nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Tanh())(x), ["linear", "tanh"]),
}


@pytest.mark.parametrize("what", TRACED)
def test_a_trace_names_what_a_function_calls(what: str) -> None:
    function, expected = TRACED[what]
    program = trace(function, np.arange(4, dtype=np.float32).reshape(1, 4), {})
    assert [step.operation for step in program.steps] == expected


@pytest.mark.parametrize(
    "function",
    [lambda x: Tensor(x.data * 2), lambda x: x[:, [0, 2]], lambda x: ops.relu(x).numpy()],
    ids=["its own arithmetic", "indices", "an array"],
)
def test_what_cannot_be_traced_is_refused(function: Callable[[Tensor], Any]) -> None:
    with pytest.raises(TraceError):
        trace(function, np.ones((1, 4), np.float32), {})
    assert Tensor.sum.__module__ == "minigen.ops.reductions"


LACKING: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "an operation that the page lacks": (lambda z: ops.log_softmax(z), "log_softmax"),
    "numbers that depend on the input": (lambda z: z * float(z.data.sum()), "depends on the input"),
    "arrays that depend on the input": (lambda z: z * Tensor(np.exp(z.data)), "depends on the input"),
}


@pytest.mark.parametrize("why", LACKING)
def test_a_model_that_no_page_can_run_is_refused_in_a_line(run: Path, why: str) -> None:
    function, said = LACKING[why]
    trained = minigen.load(run)
    trained.model.decode = function
    with pytest.raises(UseError, match=f"^vae .*decode.*{said}"):
        content(trained, from_test_set(trained, 20, pytest.fail))


def test_a_model_that_does_nothing_is_refused(run: Path) -> None:
    class Idle(nn.Module):
        name = "idle"

    trained = dataclasses.replace(minigen.load(run), model=Idle())
    with pytest.raises(UseError, match="idle can do nothing"):
        content(trained, from_test_set(trained, 20, pytest.fail))


@pytest.mark.parametrize(("scale", "bias", "expected"), [(1, 0, "float16"), (300, 0, "float32"), (1, 1e5, "float32")])
def test_weights_are_halved_where_no_picture_changes(run: Path, scale: float, bias: float, expected: str) -> None:
    trained = minigen.load(run)
    trained.model.pixel.weight.data *= np.float32(scale)  # type: ignore[attr-defined]
    trained.model.pixel.bias.data += np.float32(bias)  # type: ignore[attr-defined]
    before = {name: array.copy() for name, array in trained.model.state_dict().items()}
    arrays = content(trained, from_test_set(trained, 20, pytest.fail)).arrays
    assert {str(array.dtype) for name, array in arrays.items() if not name.startswith("page: ")} == {expected}
    for name, array in trained.model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(("shape", "digits"), [((1, 28, 28), True), ((3, 28, 28), False), ((28, 28), False)])
def test_only_grey_pictures_are_moved_as_digits(run: Path, shape: tuple[int, ...], digits: bool) -> None:
    trained = minigen.load(run)
    data = msgspec.structs.replace(trained.data, input_shape=shape, name="mnist-like")
    assert ("digits" in _abilities(dataclasses.replace(trained, data=data), {})) is digits


def test_weights_that_are_not_finite_are_refused(run: Path) -> None:
    trained = minigen.load(run)
    trained.model.pixel.bias.data[0] = np.nan  # type: ignore[attr-defined]
    with pytest.raises(UseError, match="not finite"):
        content(trained, from_test_set(trained, 20, pytest.fail))


OPERATIONS: list[tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = [
    (lambda x: x * np.arange(5.0) + x.clip(-1), (5,)),
    (lambda x: ops.avg_pool2d(x, (2, 3), stride=2, padding=1), (2, 7, 6)),
    (lambda x: ops.max_pool2d(x, 3, stride=2, padding=1), (2, 7, 6)),
    (lambda x: ops.upsample_nearest2d(x, (2, 3)), (2, 3, 4)),
    (lambda x: ops.conv2d(x, WEIGHT, None, (2, 1), "same", (1, 2), 2), (4, 7, 6)),
    (lambda x: ops.conv2d(x, WEIGHT, None, 1, "valid", 1, 2), (4, 7, 6)),
    (lambda x: ops.conv_transpose2d(x, WEIGHT, None, (3, 2), (1, 0), (1, 0), dilation=(1, 2), groups=2), (6, 3, 4)),
    (lambda x: ops.conv_transpose2d(x, WEIGHT, None, 2, "same", groups=2), (6, 3, 4)),
    (lambda x: ops.softmax(ops.softplus(x) + ops.log(ops.sqrt(abs(x) + 1)) - ops.exp(-x)), (5,)),
    (lambda x: ops.softmax(x, 1), (3, 4)),
    (lambda x: x @ WEIGHT[0, 0, :, 0], (2, 3)),
    (lambda x: WEIGHT[0, 0, 0] @ x, (2, 4)),
    (lambda x: WEIGHT[0, 0] @ x, (3, 2, 4)),
    (lambda x: ops.leaky_relu(ops.maximum(1 / (2 + x * x), x / 3), 0.2) - 0.5, (5,)),
    (lambda x: (x.permute(0, 2, 1) @ x).transpose(1, 2)[:, 1:, ::-2] * x[:, :1, :1], (3, 4)),
    (
        lambda x: ops.lstm_cell(
            x, x[:, :2], x[:, 1:3], WEIGHT.reshape(-1)[:24].reshape(8, 3), WEIGHT.reshape(-1)[:16].reshape(8, 2)
        )[0],
        (3,),
    ),
]
WEIGHT = Tensor(np.random.default_rng(1).standard_normal((6, 2, 3, 2)).astype(np.float32))


@pytest.mark.browser
@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_operations_that_no_model_uses_agree_too(browser: Any, number: int) -> None:
    function, shape = OPERATIONS[number]
    x, weights = np.random.default_rng(2).standard_normal((1, *shape)).astype(np.float32), dict[str, Any]()
    program = msgspec.json.encode(trace(function, x, weights)).decode()
    arrays = {name: {"shape": a.shape, "data": a.ravel().tolist()} for name, a in weights.items()}
    browser.get("about:blank")
    inputs = f"JSON.parse(arguments[0]), {json.dumps(arrays)}, new Float32Array({x.ravel().tolist()})"
    found = browser.execute_script(f"{read(FORWARD, 2**20).decode()}; return Array.from(run({inputs})[0])", program)
    np.testing.assert_allclose(found, function(Tensor(x)).numpy().ravel(), rtol=1e-4, atol=1e-5)


def test_every_operation_of_the_page_is_one_of_minigen() -> None:
    assert {"linear", "conv2d", "lstm", "relu", "view"} <= operations()
    known = {
        *ops.__all__,
        *(member.__name__ for member in vars(Methods).values() if inspect.isfunction(member)),
        "view",
    }
    assert operations() <= known
