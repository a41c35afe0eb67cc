from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preference_api.wire import Origin
from preference_trainer.errors import Diverged
from preference_trainer.publish import render_report
from report_builders import check_report, document, example, random_examples, report_inputs, sample

HOSTILE = "</div></style></title><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\"'&"


class Page(HTMLParser):
    """The elements of a page, its text, and whether every element is closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self._open = [], [], []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def _hostile_inputs():
    texts = dict.fromkeys(("source", "prompt", "chosen", "rejected"), HOSTILE)
    return report_inputs(
        examples=[example(1, **texts), example(2, **texts, policy_chosen=-11.0)],
        samples=[sample(prompt=HOSTILE, base_answer=HOSTILE, policy_answer=HOSTILE)],
        check=check_report(findings=[{"kind": HOSTILE, "count": 1}], warnings=[HOSTILE]),
        versions={HOSTILE: HOSTILE},
        headline=HOSTILE,
        document=document().model_copy(
            update={"name": HOSTILE, "origin": Origin(commit=HOSTILE, repository=HOSTILE)}
        ),
    )


def test_foreign_words_are_text_and_never_markup():
    page = Page(render_report(_hostile_inputs()))
    assert not page.all("script")
    assert not page.all("img")
    assert not [a for _tag, attributes in page.elements for a in attributes if a.startswith("on")]
    assert len(page.all("style")) == len(page.all("title")) - len(page.all("svg")) == 1
    assert page.text.count(HOSTILE) >= 20


def test_the_page_forbids_itself_everything_but_its_own_style():
    metas = Page(render_report(report_inputs())).all("meta")
    policy = next(m["content"] for m in metas if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")


def test_the_page_refers_to_nothing_outside():
    html = render_report(report_inputs(samples=[sample()]))
    page = Page(html)
    references = [
        value
        for _tag, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "xlink:href")
    ]
    assert references
    assert all(reference.startswith("#") for reference in references)
    assert not [word for word in ("@import", "url(", "http:", "https:") if word in html]


def test_every_reference_within_the_page_exists_once():
    page = Page(render_report(report_inputs(samples=[sample()])))
    names = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(set(names)) == len(names)
    wanted = [a["href"][1:] for a in page.all("a")]
    told = [
        a.get(f"aria-{how}") for _tag, a in page.elements for how in ("labelledby", "describedby")
    ]
    assert {*wanted, *filter(None, told)} <= set(names)


def test_headings_descend_step_by_step():
    page = Page(
        render_report(report_inputs(samples=[sample()], check=check_report(warnings=["look"])))
    )
    levels = [int(tag[1]) for tag, _a in page.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_what_the_page_tells():
    inputs = report_inputs(
        samples=[sample(policy_answer="its answer", ended=False)],
        check=check_report(
            findings=[{"kind": "over maxLength", "count": 7}],
            warnings=["Chosen answers are longer."],
        ),
        attempts=3,
    )
    text = Page(render_report(inputs)).text
    for words in (
        inputs.headline,
        "Promoted.",
        "DPO, Direct Preference Optimization",
        "over maxLength",
        "Chosen answers are longer.",
        "Training loss",
        "Accuracy by the implicit reward",
        "its answer",
        "cut at the limit",
        "3, resumed 2 times",
        "s3://data/pairs/train.jsonl",
        "5e1f00d",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        (6.0, "Better than the base model"),
        (-6.0, "Worse than the base model"),
        (0.0, "Not distinguishable from the base model"),
    ],
)
def test_the_verdict_stands_first(shift, verdict):
    html = render_report(report_inputs(examples=random_examples(80, shift=shift)))
    assert html.index(verdict) < html.index("<main>")


def test_sections_without_content_are_left_out():
    text = Page(render_report(report_inputs(history=[], check={}))).text
    for words in ("Training curves", "Answers side by side", "Rows left out", "Findings of"):
        assert words not in text
    assert "Held-out pairs at both ends" in text


def test_one_pair_is_enough():
    text = Page(render_report(report_inputs(examples=[example()]))).text
    assert "1 held-out pair of 1 prompt that" in text


def test_local_paths_are_not_shown():
    spec = {"model": {"uri": "file:///home/someone/base"}}
    assert "someone" not in render_report(report_inputs(spec=spec))


def test_the_same_inputs_give_the_same_page():
    assert render_report(report_inputs()) == render_report(report_inputs())


def test_long_texts_and_many_samples_keep_the_page_small():
    examples = [example(n, prompt="p" * 100_000, chosen=f"{n}") for n in range(1, 400)]
    samples = [sample(n, policy_answer="a" * 100_000) for n in range(1000)]
    html = render_report(report_inputs(examples=examples, samples=samples))
    assert len(html) < 400_000
    assert "The first 16 of 1,000." in html


def test_numbers_that_are_not_finite_are_refused():
    broken = replace(report_inputs(), examples=[example(3, policy_chosen=float("nan"))])
    with pytest.raises(Diverged, match="row 3"):
        render_report(broken)


@settings(max_examples=15, deadline=None)
@given(words=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_makes_a_whole_page(words):
    pair = example(1, prompt=words, chosen=words, rejected=words + "x")
    html = render_report(report_inputs(examples=[pair], samples=[sample(policy_answer=words)]))
    assert words in Page(html).text
