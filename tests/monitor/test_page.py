from __future__ import annotations

import subprocess
import sys

import pytest
from jinja2 import UndefinedError

from peekd.monitor.page import CONTENT_SECURITY_POLICY, render

FRAME = {"title": "T", "here": "", "signed_in": False, "refused": False, "made": "", "made_stamp": ""}


def test_words_are_escaped_and_lone_surrogates_do_no_harm() -> None:
    page = render("fault.html", **FRAME, words="<b>&\"'\udcff").decode()
    assert "&lt;b&gt;&amp;&#34;&#39;?" in page


def test_what_a_template_is_not_given_is_a_fault_and_no_gap() -> None:
    with pytest.raises(UndefinedError):
        render("fault.html", **FRAME)


def test_the_page_that_one_is_on_is_marked() -> None:
    page = render("fault.html", **{**FRAME, "here": "/monitor/policy"}, words="").decode()
    assert page.count("aria-current") == 1
    assert '<a href="/monitor/policy" aria-current="page">' in page


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


def test_no_template_is_read_before_a_page_is_asked_for() -> None:
    code = "import sys, peekd.monitor.pages; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
