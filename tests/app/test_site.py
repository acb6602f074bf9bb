"""The pages without a browser: each is there in both languages, and nothing gets past the guard."""

from __future__ import annotations

import re
import shutil

import pytest
from starlette.testclient import TestClient

from siexsim.app.guards import LARGEST_BODY_BYTES
from siexsim.app.jobs import DONE
from siexsim.app.pages_plan import example
from siexsim.app.planfile import packed, toml_of, unpacked
from siexsim.app.planform import fields_of
from siexsim.app.server import build
from siexsim.app.words import words
from siexsim.scenario import Scenario

PAGES = (
    "/",
    "/plan",
    "/compare",
    "/assumptions",
    "/sure",
    "/help",
    "/what-if?key=stress.noise_width",
)
SENTENCES = [
    key for key in words("nl") if len(words("nl")[key]) > 30 and "{" not in words("nl")[key]
]


@pytest.fixture
def shown(jobs, folder, outcome, tmp_path):
    """A job whose result is there."""
    own = tmp_path / folder.name
    shutil.copytree(folder, own)
    content = outcome.scenario.model_dump(mode="json")
    job = jobs.start("full", "nl", content, {}, result=str(own))
    assert job.state == DONE
    return job


def posted(lang="nl", **changes):
    return {**fields_of(example("small", lang), lang), **changes}


# --- Every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_are_there_in_their_own_language(site, page, lang):
    answer = site.get(f"/{lang}{page}")
    assert answer.status_code == 200
    assert f'<html lang="{lang}">' in answer.text
    other = words("en" if lang == "nl" else "nl")
    own = words(lang)
    foreign = [k for k in SENTENCES if other[k] in answer.text and other[k] != own[k]]
    assert not foreign
    assert "https://" not in answer.text  # nothing comes from elsewhere
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("part", ["", "/part", "/photo", "/report"])
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_pages_of_a_result(site, shown, part, lang):
    answer = site.get(f"/{lang}/result/{shown.name}{part}")
    assert answer.status_code == 200
    assert "https://" not in answer.text


def test_the_result_says_a_sentence_before_any_picture_and_each_picture_has_its_table(site, shown):
    text = site.get(f"/nl/result/{shown.name}").text
    assert text.index('class="answer"') < text.index("<img")
    pictures = re.findall(r'<img src="([^"]+)" alt="([^"]+)" aria-describedby="([^"]+)"', text)
    assert len(pictures) == 2
    for source, alt, described in pictures:
        assert alt
        assert f'id="{described}"' in text
        answer = site.get(source.replace("&amp;", "&"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert text.count("<table>") == 2


def test_what_can_be_taken_along(site, shown, outcome):
    there = f"/nl/result/{shown.name}"
    csv = site.get(f"{there}/table/payers.csv").content.decode("utf-8-sig")
    assert csv.splitlines()[0].startswith("Wie;Laag")
    toml = site.get(f"{there}/plan.toml")
    assert "attachment" in toml.headers["content-disposition"]
    from siexsim.app.planfile import opened

    assert opened(toml.content, "nl") == outcome.scenario
    assert site.get(f"{there}/figure/account.png?save=1").content[:4] == b"\x89PNG"
    for wrong in ("figure/people.svg", "figure/xx.svg", "figure/account.txt", "table/xx.csv"):
        assert site.get(f"{there}/{wrong}").status_code == 404


def test_a_first_line_comes_before_the_result(site, jobs):
    content = Scenario.of(example("small", "nl")).model_dump(mode="json")
    job = jobs.start("full", "nl", content, {"kept": "x"})
    payers = ("municipality", "state", "insurer", "corporation", "uwv", "private", "household")
    line = {
        "sample": 3, "invested_eur": 2e6, "returned_eur": dict.fromkeys(payers, 1e5),
        "payback_months": {"municipality": None}, "deepest_eur": {"municipality": -1e6},
    }  # fmt: skip
    jobs._heard_line(job, "line", line)
    text = site.get(f"/nl/result/{job.name}").text
    assert "Eerste schatting" in text
    assert "€\u00a02.000.000" in text
    assert "<figure" not in text
    told = site.get(f"/nl/status/{job.name}").json()
    assert told["stamp"] == 1
    assert not told["ended"]


def test_a_broken_off_run_is_said_and_can_be_run_again(site, jobs):
    content = Scenario.of(example("small", "nl")).model_dump(mode="json")
    job = jobs.start("full", "nl", content, {"kept": "x"})
    again = TestClient(build(type(jobs)(jobs.folder)), follow_redirects=False)
    text = again.get(f"/nl/result/{job.name}").text
    assert "De server is tussendoor gestopt" in text
    answer = again.post(f"/nl/result/{job.name}/again")
    assert answer.status_code == 303
    assert job.name not in answer.headers["location"]


def test_comparing(site, jobs, shown):
    other = jobs.start("full", "nl", shown.content, {}, result=shown.result)
    answer = site.get("/nl/compare", params={"r": [shown.name, f"http://x/nl/result/{other.name}"]})
    assert "In 0 van de 3 toekomsten" in answer.text or "in 0 van de 3 toekomsten" in answer.text
    assert "De plannen zijn gelijk." in answer.text
    answer = site.get("/nl/compare", params={"r": [shown.name, "<script>"]})
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text.replace("<script src", "")


# --- Making and running a plan ------------------------------------------------------------------


def test_a_plan_is_run_and_leads_to_its_own_page(site, jobs):
    answer = site.post("/nl/plan", data=posted())
    assert answer.status_code == 303
    name = answer.headers["location"].rsplit("/", 1)[1]
    assert jobs.get(name).content["plan"]["wijken"] == ["Noordoost"]
    assert jobs.get(name).lang == "nl"


def test_two_visitors_get_their_own(site, jobs):
    first = site.post("/nl/plan", data=posted(name=["Een"])).headers["location"]
    second = site.post("/nl/plan", data=posted(name=["Twee"])).headers["location"]
    assert first != second
    assert "Een" in site.get(first).text
    assert "Twee" not in site.get(first).text


def test_the_fifth_gets_a_polite_message(site):
    for _ in range(3):
        assert site.post("/nl/plan", data=posted()).status_code == 303
    answer = site.post("/nl/plan", data=posted())
    assert answer.status_code == 503
    assert "te druk" in answer.text
    assert answer.headers["retry-after"]


def test_saving_and_linking(site):
    saved = site.post("/nl/plan", data=posted(do=["save"]))
    assert saved.text.startswith('name = "Klein beginnen')
    linked = site.post("/en/plan", data=posted(lang="en", do=["link"]))
    link = re.search(r"p=([^#&]+)", linked.headers["location"])[1]
    assert unpacked(link, "en")["plan"]["wijken"] == ["Noordoost"]
    assert "Start small" in site.get(linked.headers["location"].split("#")[0]).text


def test_faults_are_said_with_what_was_filled_in_still_there(site):
    answer = site.post("/nl/plan", data=posted(help_house=["veel"], name=["<b>Mijn</b>"]))
    assert answer.status_code == 422
    assert "&#39;veel&#39; is geen getal" in answer.text
    assert 'value="veel"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "&lt;b&gt;Mijn" in answer.text
    answer = site.post("/nl/plan", data=posted(start=["2026-01"], end=["2024-01"]))
    assert answer.status_code == 422
    assert "eindigt (2024-01) voordat" in answer.text


def test_opening_a_file(site):
    good = site.post("/nl/open", files={"file": ("x.toml", toml_of(example("steps", "nl")))})
    assert good.status_code == 303
    for bad in (b"\x00\x01", b"name = 'x'\nvreemd = 1", b"x" * 70_000, b""):
        answer = site.post("/nl/open", files={"file": ("x.toml", bad)})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert site.post("/nl/open").status_code == 422


def test_an_assumption_is_changed_in_a_plan(site):
    link = packed(example("small", "nl"))
    asked = {"key": "stress.noise_width", "p": link}
    answer = site.get("/nl/what-if", params=asked | {"value": "veel"})
    assert answer.status_code == 422
    low = re.search(r'name="value" value="([^"]+)"><button', answer.text)[1]
    answer = site.get("/nl/what-if", params=asked | {"value": low})
    assert answer.status_code == 303
    page = site.get(answer.headers["location"]).text
    assert 'name="set:stress.noise_width"' in page


def test_lives_and_the_council_have_jobs_of_their_own(site, jobs, shown):
    for path, kind, data in (
        ("council", "council", {}), ("lives", "suggest", {}), ("lives", "life", {"household": "7"}),
    ):  # fmt: skip
        answer = site.post(f"/nl/result/{shown.name}/{path}", data=data)
        job = jobs.get(answer.headers["location"].rsplit("/", 1)[1])
        assert (job.kind, job.about) == (kind, shown.name)
        assert site.get(f"/nl/task/{job.name}").status_code == 200
        assert site.get(f"/nl/result/{job.name}").status_code == 404
        jobs.cancel(job)


# --- The guard ----------------------------------------------------------------------------------


def test_safe_headers_are_on_every_answer(site, shown):
    for path in ("/nl/", "/health", "/static/page.js", "/nl/zzz", f"/nl/status/{shown.name}"):
        headers = site.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_a_form_from_another_site_is_refused(site):
    for headers in (
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
    ):  # fmt: skip
        assert site.post("/nl/plan", data=posted(), headers=headers).status_code == 403
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}):
        assert site.post("/nl/plan", data=posted(), headers=headers).status_code == 303


def test_unknown_names_methods_and_sizes_are_refused(site):
    assert site.get("/nl/", headers={"host": "evil.example"}).status_code == 421
    assert site.get("/nl/", headers={"host": "localhost:8080"}).status_code == 200
    assert site.put("/nl/plan").status_code == 405
    large = b"x" * (LARGEST_BODY_BYTES + 1)
    assert site.post("/nl/open", files={"file": ("x.toml", large)}).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/nl/result/x", "/nl/result/../../etc/passwd", "/fr/plan", "/nl/task/zzzzzzzzzzzzzzzzzzzz",
     "/static/../site.py", "/nl/what-if?key=x", "/nl/zzz"],
)  # fmt: skip
def test_what_is_not_there_is_said_in_words(site, path):
    assert site.get(path).status_code == 404


def test_below_a_path_every_link_stays_below_it(jobs):
    site = TestClient(build(jobs, "/siex", ("*",)), follow_redirects=False)
    for path in ("/siex/nl/", "/nl/"):  # with and without a proxy that takes it off
        text = site.get(path).text
        links = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
        assert links
        assert all(link.startswith("/siex/") for link in links)
    assert site.get("/siex/").headers["location"] == "/siex/nl/"
    answer = site.post("/siex/nl/plan", data=posted())
    assert answer.headers["location"].startswith("/siex/nl/result/")


def test_health(site):
    assert site.get("/health").json()["status"] == "ok"


def test_the_front_door_speaks_the_language_of_the_browser(site):
    assert site.get("/", headers={"accept-language": "en-GB,en"}).headers["location"] == "/en/"
    assert site.get("/", headers={"accept-language": "de"}).headers["location"] == "/nl/"
