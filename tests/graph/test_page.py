"""The page that steps through the backward pass, in a browser."""

from __future__ import annotations

import json
import re

import pytest

import minigen
from minigen import draw_graph

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser, tmp_path):
    x = minigen.tensor(3.0, requires_grad=True)
    u, v = x**2, 2 * x
    graph = draw_graph(u * v, x=x, u=u, v=v)
    browser.get_log("browser")
    browser.get(graph.save(tmp_path / "graph.html").as_uri())
    return browser


def classes(page, kind: str) -> list[str]:
    """The titles of the nodes that have a class."""
    script = "return [...document.querySelectorAll(arguments[0])].map(n => n.querySelector('.title').textContent)"
    return page.execute_script(script, f".node.{kind}")


def press(page, key: str) -> None:
    from selenium.webdriver.common.keys import Keys

    page.find_element("tag name", "body").send_keys(getattr(Keys, key))


def told(page) -> str:
    return page.find_element("id", "told").text


def test_each_step_shows_what_arrives_and_what_is_sent(page):
    assert "Before the first step" in told(page)
    assert not page.find_element("css selector", "text.gradient").is_displayed()
    press(page, "ARROW_RIGHT")
    assert classes(page, "current") == ["mul"]
    assert sorted(classes(page, "reached")) == ["u = power", "v = mul"]
    for said in ("arrives: g = 1", "to u = power (operand a)", "∂mul/∂a = b", "adds g · b", "= 6", "= 9"):
        assert said in told(page)
    press(page, "ARROW_RIGHT")
    assert classes(page, "current") == ["v = mul"]
    assert "x has 1 of 2 gradients and waits" in told(page)
    press(page, "ARROW_RIGHT")
    assert "All 2 gradients of x have arrived. Their sum: g = 54" in told(page)
    press(page, "ARROW_LEFT")
    assert classes(page, "current") == ["v = mul"]
    press(page, "END")
    assert classes(page, "current") == ["x"]
    assert len(classes(page, "visited")) == 4
    press(page, "HOME")
    assert "step 0 of 4" in page.find_element("id", "count").text
    assert classes(page, "visited") == []


def test_the_slider_the_buttons_and_the_nodes_lead_to_a_step(page):
    page.find_element("id", "next").click()
    page.find_element("css selector", "#step").send_keys("\ue014")  # → on the slider moves one step, not two
    assert classes(page, "current") == ["v = mul"]
    page.find_element("id", "back").click()
    assert classes(page, "current") == ["mul"]
    page.find_element("css selector", ".node.input").click()
    assert classes(page, "current") == ["x"]
    page.execute_script("const s = document.getElementById('step'); s.value = 3; s.dispatchEvent(new Event('input'))")
    assert classes(page, "current") == ["u = power"]


def test_it_plays_to_the_end(page):
    page.execute_script("const real = setInterval; window.setInterval = (act) => real(act, 1)")
    page.find_element("id", "play").click()
    page.execute_async_script("setTimeout(arguments[0], 300)")
    assert classes(page, "current") == ["x"]
    assert page.find_element("id", "play").text == "play"


def test_it_asks_for_nothing_runs_no_other_script_and_says_nothing_in_the_console(page):
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    page.execute_script("document.body.append(Object.assign(document.createElement('script'), {text: 'bad = 1'}))")
    assert page.execute_script("return typeof bad") == "undefined"
    (refused,) = page.get_log("browser")
    assert "Content Security Policy" in refused["message"]


def test_hostile_names_run_nothing(browser, tmp_path):
    x = minigen.tensor([1.0, 2.0], requires_grad=True)
    name = "</script><img src=x onerror=document.title='bad'>"
    saved = draw_graph((x * x).sum(), **{name: x}).save(tmp_path / "graph.html")
    browser.get(saved.as_uri())
    press(browser, "END")
    assert browser.title == "The backward pass"
    assert name in told(browser)
    (steps,) = re.findall('type="application/json">(.*)</script>', saved.read_text(encoding="utf-8"))
    assert json.loads(steps)["steps"][-1]["title"] == name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    find = "return [document.body, document.querySelector('text.title')].map((e, n) => getComputedStyle(e)"
    paper, ink = page.execute_script(find + "[['backgroundColor', 'fill'][n]].match(/\\d+/g).map(Number))")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert (sum(paper) > 600) == (scheme == "light")
    assert abs(sum(paper) - sum(ink)) > 450
