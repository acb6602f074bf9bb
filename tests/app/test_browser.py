"""The page in a real browser: a plan is built, run, compared and taken along, by mouse and by keys.

Needs Chromium (Debian: ``apt-get install chromium``) and the extra ``browser``; else it is skipped.
Run it with ``make browser``. ``SIEXSIM_SHOTS=folder`` keeps a picture of every view.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.app.served import PLAN, Served, run_plan, wait_for_end

playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not there")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not there")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not there: apt-get install chromium"),
]
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = os.environ.get("SIEXSIM_SHOTS")
LONG = 600_000  # a busy machine is slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    one = Served(tmp_path_factory.mktemp("site"), "--workers", "1")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield one
        one.close()


class Visitor:
    """Somebody with a browser of their own; what goes elsewhere is stopped and noted."""

    def __init__(self, browser, root: str, **how) -> None:
        self.outside: list[str] = []
        self.wrong: list[str] = []
        self.context = browser.new_context(locale="nl-NL", accept_downloads=True, **how)
        self.context.route("**/*", self._route)
        self.root = root
        self.page = self.context.new_page()
        self.page.set_default_timeout(LONG)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _route(self, route) -> None:
        if route.request.url.startswith(self.root):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def opens(self, path: str):
        self.page.goto(self.root + path)
        return self.page

    def sends(self, name: str, eur: int = 20_000_000, lang: str = "nl") -> None:
        """Open a plan from a file."""
        page = self.opens(f"/{lang}/")
        body = PLAN.format(name=name, eur=eur).encode()
        page.locator("#file").set_input_files(
            {"name": "plan.toml", "mimeType": "application/toml", "buffer": body}
        )
        page.locator("form[enctype] button").click()
        page.locator("#plan-form").wait_for()

    def runs(self) -> str:
        """Run the plan on the form, and wait for all of it; gives the page's address."""
        page = self.page
        page.locator("button[value=run]").click()
        page.locator("p.status.done").wait_for()
        page.locator("figure").nth(4).wait_for()
        return page.url.removeprefix(self.root)

    def leaves(self) -> None:
        assert not self.outside
        assert not self.wrong
        assert not self.context.cookies()
        self.context.close()


@pytest.fixture
def visitor(browser, served):
    one = Visitor(browser, served.root, viewport={"width": 1280, "height": 900})
    yield one
    one.leaves()


@pytest.fixture(scope="module")
def results(browser, served) -> list[str]:
    """Two results, as addresses without the language."""
    one = Visitor(browser, served.root)
    found = []
    for name, eur in (("Groot plan", 20_000_000), ("Groter plan", 40_000_000)):
        one.sends(name, eur)
        found.append(one.runs().removeprefix("/nl"))
    one.leaves()
    return found


@pytest.fixture(scope="module")
def tasks(browser, served, results) -> dict[str, str]:
    """The council's answers, households worth a look and a life, asked for on the page."""
    one = Visitor(browser, served.root)
    found = {}
    for name, button in (("council", "Beantwoord de dertien vragen"),
                         ("lives", "Zoek huishoudens om te volgen")):  # fmt: skip
        page = one.opens(f"/nl{results[0]}")
        page.get_by_role("button", name=button).click()
        page.locator(".told h2, .cards button").first.wait_for()
        found[name] = page.url.removeprefix(served.root).removeprefix("/nl")
    page.locator(".cards button").first.click()
    page.locator(".told h2").first.wait_for()
    found["life"] = page.url.removeprefix(served.root).removeprefix("/nl")
    one.leaves()
    return found


def serious(page) -> list[str]:
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def views(results: list[str]) -> dict[str, str]:
    name = results[0].rsplit("/", 1)[1]
    other = results[1].rsplit("/", 1)[1]
    return {
        "start": "/", "plan": "/plan", "result": results[0], "photo": f"{results[0]}/photo",
        "map": f"{results[0]}/map",
        "map-stress": f"{results[0]}/map?indicator=stress_money&who=minima&world=with",
        "report": f"{results[0]}/report", "compare": f"/compare?r={name}&r={other}",
        "assumptions": "/assumptions", "what-if": "/what-if?key=stress.noise_width",
        "sure": "/sure", "help": "/help", "missing": "/zzz",
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "dark"), (390, "light"), (1280, "dark")]
)
def test_every_view_passes_axe_and_fits(browser, served, results, tasks, lang, width, scheme):
    how = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    one = Visitor(browser, served.root, **how)
    counts = {}
    for name, path in (views(results) | tasks).items():
        page = one.opens(f"/{lang}{path}")
        if name == "result":
            page.locator("figure").nth(4).wait_for()
        for details in page.locator("details").all():
            details.evaluate("one => { one.open = true; }")
        assert page.evaluate("document.documentElement.lang") == lang
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        found = counts[name] = serious(page)
        assert found == [], name
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{SHOTS}/{name}-{lang}-{width}-{scheme}.png", full_page=True)
    print(f"axe {lang} {width} {scheme}: {sum(map(len, counts.values()))} serious or critical "  # noqa: T201
          f"in {len(counts)} views")  # fmt: skip
    one.leaves()


def test_the_check_bites(visitor):
    """Without labels both axe and our own locators must fail."""
    visitor.context.close()
    one = Visitor(visitor.context.browser, visitor.root, bypass_csp=True)
    page = one.opens("/nl/plan")
    page.evaluate("for (const one of document.querySelectorAll('label')) one.remove()")
    assert any(said.startswith(("label", "select-name")) for said in serious(page))
    one.leaves()
    visitor.context = visitor.context.browser.new_context()


def test_a_plan_is_built_by_mouse_run_and_taken_along(visitor, tmp_path):
    page = visitor.opens("/nl/")
    page.get_by_role("link", name="Klein beginnen in één wijk").click()
    page.get_by_label("Oosterparkwijk").first.check()
    page.get_by_label("Energiehulp").first.fill("100.000")
    assert page.locator("#total").inner_text() == "€\xa0600.000"
    page.get_by_role("checkbox", name="Energie en prijzen").check()
    page.get_by_label("Hoeveel jaar").fill("2")
    page.get_by_label("Laatste maand").select_option("2023-06")
    page.get_by_label("Snel:").check()
    began = time.monotonic()
    page.get_by_role("button", name="Simulatie starten").click()
    page.locator("section.answer").wait_for()
    print(f"first line on screen after {time.monotonic() - began:.1f} s")  # noqa: T201
    page.locator("p.status.done").wait_for()
    page.locator("figure").nth(3).wait_for()
    with page.expect_download() as got:
        page.get_by_role("link", name="Plan bewaren (.toml)").click()
    got.value.save_as(tmp_path / "plan.toml")
    from siexsim.scenario import read_scenario

    scenario = read_scenario(tmp_path / "plan.toml")
    assert set(scenario.plan.wijken) == {"Noordoost", "Oosterparkwijk"}
    assert scenario.shocks[0].kind == "energy"
    page.reload()
    assert page.locator("section.answer").is_visible()
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", name="What comes of it?").is_visible()
    page.locator("figure").nth(3).wait_for()


def test_the_whole_task_by_keyboard(visitor, tmp_path):
    visitor.sends("Met toetsen")
    page, keys = visitor.page, visitor.page.keyboard

    def to(what: str) -> None:
        for _ in range(200):
            if page.evaluate(f"document.activeElement.matches({what!r})"):
                shown = page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                    " || document.activeElement.closest('.tile') !== null"
                )
                assert shown, what
                return
            keys.press("Tab")
        raise AssertionError(f"{what} is not reached")

    to("a.skip")
    keys.press("Enter")
    to("#wijk-12")
    keys.press("Space")
    assert page.locator("#wijk-12").is_checked()
    keys.press("Space")
    to("input[data-for=help_house]")
    for _ in range(3):
        keys.press("ArrowRight")
    assert page.locator("#help_house").input_value() == "30.000"
    to("button[value=run]")
    keys.press("Enter")
    page.locator("p.status.done").wait_for()
    page.locator("figure").nth(4).wait_for()
    to("#table-account summary")
    keys.press("Enter")
    assert page.locator("#table-account table").is_visible()
    to("a[href$='/report']")
    keys.press("Enter")
    page.wait_for_url("**/report")
    to("input[name=format]")
    keys.press("ArrowDown")
    to("form[action$='/report'] button")
    with page.expect_download() as got:
        keys.press("Enter")
    got.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes()[:5] == b"%PDF-"


def test_plans_are_compared_and_the_previous_result_stays(visitor, results):
    page = visitor.opens(f"/nl{results[0]}")
    page.get_by_role("link", name="Plan veranderen").click()
    page.get_by_label("Begeleiding naar werk").first.fill("9.000.000")
    visitor.runs()
    assert page.get_by_role("heading", name="Vorige uitkomst: Groot plan").is_visible()
    page.get_by_role("link", name="Vergelijken met vorige uitkomst").click()
    assert page.get_by_role("heading", name="Wat is zeker aan het verschil?").is_visible()
    assert re.search(r"in \d van de 6 toekomsten", page.content())
    assert page.locator("figure img").evaluate("one => one.naturalWidth > 0")


def test_the_councils_thirteen_questions_are_answered(visitor, tasks):
    page = visitor.opens(f"/nl{tasks['council']}")
    heads = page.locator(".told h2").all_inner_texts()
    asked = [head for head in heads if re.match(r"(Vraag )?\d+[.:]", head)]
    assert len(asked) == 13, heads
    page = visitor.opens(f"/en{tasks['council']}")
    assert page.locator(".told h2").count() == len(heads)


def test_ten_users_at_once_each_get_their_own_result(served):
    names = [f"Plan van {name}" for name in (
        "Anna", "Bram", "Carla", "Dirk", "Elif", "Fatma", "Gijs", "Hanna", "Ivo", "Jamila",
    )]  # fmt: skip

    def visit(number: int) -> str:
        text = PLAN.format(name=names[number], eur=(number + 1) * 1_000_000)
        result = run_plan(served.root, text.replace("futures = 6", "futures = 2"))
        return wait_for_end(served.root, result)

    with ThreadPoolExecutor(len(names)) as pool:
        pages = list(pool.map(visit, range(len(names))))
    for number, page in enumerate(pages):
        assert 'class="status done"' in page
        assert f"€\u00a0{number + 1}.000.000 per jaar" in page
        assert [name for name in names if name in page] == [names[number]]


def test_two_users_at_once_each_get_their_own(browser, served):
    both = [Visitor(browser, served.root) for _ in range(2)]
    for one, name in zip(both, ("Eerste plan", "Tweede plan"), strict=True):
        one.sends(name)
        one.page.locator("button[value=run]").click()
        one.page.wait_for_url("**/result/*")
    for one, name, other in zip(
        both, ("Eerste plan", "Tweede plan"), ("Tweede plan", "Eerste plan"), strict=True
    ):
        one.page.locator("p.status.done").wait_for()
        text = one.page.locator("main").inner_text()
        assert name in text
        assert other not in text
        one.leaves()


def test_a_run_is_cancelled_at_once(visitor):
    page = visitor.opens("/nl/plan")
    page.get_by_label("Precies:").check()
    page.get_by_role("button", name="Simulatie starten").click()
    page.get_by_role("button", name="Annuleren").click()
    page.locator("p.status.cancelled").wait_for(timeout=20_000)
    assert page.get_by_role("button", name="Opnieuw starten").is_visible()


def test_a_broken_file_is_said_and_harms_nothing(visitor):
    page = visitor.opens("/nl/")
    bad = {"name": "x.toml", "mimeType": "text/plain", "buffer": b"name = 'x'\n<script>"}
    page.locator("#file").set_input_files(bad)
    page.get_by_role("button", name="Plan openen").click()
    page.get_by_role("button", name="Simulatie starten").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("Er klopt iets niet")


def test_without_script_a_plan_is_run_too(browser, served):
    one = Visitor(browser, served.root, java_script_enabled=False)
    one.sends("Zonder script")
    one.page.get_by_role("button", name="Simulatie starten").click()
    for _ in range(120):
        if one.page.locator("p.status.done").count():
            break
        time.sleep(1)
        one.page.reload()
    assert one.page.locator("section.answer").is_visible()
    one.leaves()


def test_a_server_that_stops_midway_is_said_and_the_run_can_be_begun_again(browser, tmp_path):
    served = Served(tmp_path, "--workers", "1")
    one = Visitor(browser, served.root)
    try:
        page = one.opens("/nl/plan")
        page.get_by_label("Precies:").check()
        page.get_by_role("button", name="Simulatie starten").click()
        page.locator("section.answer").wait_for()
        served.stop()
        page.locator("#lost:not([hidden])").wait_for(timeout=60_000)
        assert page.locator("section.answer").is_visible()  # what was there stays
        served.start()
        page.reload()
        assert "De server is tussendoor gestopt" in page.locator("main").inner_text()
        assert page.get_by_role("button", name="Opnieuw starten").is_visible()
    finally:
        served.stop()
        one.context.close()


def test_below_a_path_behind_a_proxy(browser, tmp_path):
    served = Served(tmp_path, "--workers", "1", "--base-path", "/siex")
    one = Visitor(browser, served.root)
    try:
        page = one.opens("/siex/nl/")
        page.get_by_role("link", name="Nieuw plan maken").click()
        assert page.url.endswith("/siex/nl/plan")
        page.locator("#total", has_text="500.000").wait_for()  # its script was found
    finally:
        served.stop()
        one.leaves()
