"""Jobs: nobody gets another's, there is room for so many, and what was broken off is said."""

from __future__ import annotations

import pytest

from siexsim.app.jobs import BROKEN_OFF, CANCELLED, DONE, RUNNING, BusyError, Jobs

CONTENT = {"name": "x", "plan": {"mix": {}}}


def started(jobs, **more):
    return jobs.start("full", "nl", CONTENT, {"kept": "x"}, **more)


def heard(jobs, job):
    """What the desk of a job would hear."""
    return next(
        one for kind, about, one, _ in jobs.backs[0].asked if about["folder"].endswith(job.name)
    )


def test_a_job_goes_from_waiting_to_done(jobs):
    job = started(jobs)
    hear = heard(jobs, job)
    hear("stage", ("without", 3, 12))
    assert (job.state, job.stage) == (RUNNING, ("without", 3, 12))
    line = next(one for kind, _, one, _ in jobs.front.asked if kind == "line")
    before = job.stamp
    line("line", {"invested_eur": 1.0})
    assert job.line == {"invested_eur": 1.0}
    assert job.stamp > before
    hear("result", ("/a", 1))
    hear("result", ("/b", 5))
    hear("end", None)
    assert (job.state, job.result, job.earlier, job.futures) == (DONE, "/b", ["/a"], 5)


def test_a_line_that_comes_late_does_not_hide_the_result(jobs):
    job = started(jobs)
    line = next(one for kind, _, one, _ in jobs.front.asked if kind == "line")
    heard(jobs, job)("result", ("/a", 1))
    line("line", {"invested_eur": 1.0})
    assert job.line is None


def test_names_can_not_be_guessed_and_lead_nowhere_else(jobs):
    names = {started(jobs).name for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) >= 20 for name in names)
    for name in ("../../etc/passwd", "..", "", "a/b", "x" * 22):
        assert jobs.get(name) is None


def test_there_is_room_for_so_many(jobs):
    for _ in range(3):  # one runs, two wait
        started(jobs)
    with pytest.raises(BusyError):
        started(jobs)
    jobs.cancel(next(iter(jobs.jobs.values())))
    assert started(jobs)


def test_what_is_cancelled_keeps_what_it_brought_and_hears_no_more(jobs):
    job = started(jobs)
    hear = heard(jobs, job)
    hear("result", ("/a", 1))
    jobs.cancel(job)
    hear("result", ("/b", 5))
    hear("stopped", None)
    assert (job.state, job.result) == (CANCELLED, "/a")
    assert all(event.is_set() for _, _, _, event in jobs.backs[0].asked)


def test_after_a_restart_jobs_are_told_of(jobs):
    done, going = started(jobs), started(jobs)
    heard(jobs, done)("result", ("/a", 5))
    heard(jobs, done)("end", None)
    again = Jobs(jobs.folder)
    assert again.get(done.name).result == "/a"
    assert again.get(done.name).state == DONE
    assert again.get(going.name).state == BROKEN_OFF


def test_old_jobs_are_removed(jobs):
    job = started(jobs)
    again = Jobs(jobs.folder, kept_days=0)
    assert again.get(job.name) is None
    assert not jobs.folder_of(job).exists()


def test_a_file_that_is_no_job_is_passed_over(jobs):
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"x": 1}')):
        there = jobs.folder / "jobs" / name
        there.mkdir()
        (there / "job.json").write_text(text, encoding="utf-8")
    assert Jobs(jobs.folder).jobs == {}


def test_figures_are_asked_once_and_of_futures_alone_until_all_is_there(jobs):
    job = started(jobs)
    hear = heard(jobs, job)
    hear("result", ("/a", 1))
    jobs.draw(job, "nl")
    asked = [about["name"] for kind, about, _, _ in jobs.front.asked if kind == "figure"]
    assert sorted(asked) == [
        "account", "map", "participants", "payers", "people", "stress", "stress_years",
    ]  # fmt: skip
    hear("result", ("/b", 5))
    asked = [a for k, a, _, _ in jobs.front.asked if k == "figure" and a["folder"] == "/b"]
    assert [about["name"] for about in asked] == ["account", "payers"]
    hear("end", None)
    asked = [a for k, a, _, _ in jobs.front.asked if k == "figure" and a["folder"] == "/b"]
    assert len(asked) == 7
