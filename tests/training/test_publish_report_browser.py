"""The report as a browser shows it: nothing overflows or is fetched, everything is legible."""

import pytest

from browser import browser
from preference_trainer.publish import render_report
from report_builders import check_report, example, random_examples, report_inputs, sample

WIDTHS = (320, 360, 800, 1600)
LONG = "unbroken" * 60

OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; })"

# Elements that reach beyond the window, by their class or name.
OVERFLOWING = """
[...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.getAttribute('class') || one.localName)
"""

# Contrast ratio of WCAG 2.2, 1.4.3, of every element with text of its own against the nearest
# background that is not transparent: [ratio, element, text].
CONTRASTS = """
(() => {
  const parse = colour => colour.match(/[0-9.]+/g).map(Number);
  const linear = share => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  const luminance = colour => {
    const [r, g, b] = parse(colour).map(part => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
    throw new Error('no background');
  };
  const ownText = one => [...one.childNodes]
    .filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data.trim()).join(' ');
  return [...document.querySelectorAll('body *')].filter(ownText).flatMap(one => {
    if (['title', 'desc'].includes(one.localName)) return [];
    const style = getComputedStyle(one);
    const ink = one.localName === 'text' ? style.fill : style.color;
    const lights = [luminance(ink), luminance(backgroundOf(one))].sort((a, b) => b - a);
    return [[(lights[0] + 0.05) / (lights[1] + 0.05), one.localName, ownText(one).slice(0, 40)]];
  });
})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A browser beside a report that holds everything, with words that never break."""
    folder = tmp_path_factory.mktemp("report")
    pairs = [*random_examples(40), example(41, prompt=LONG, chosen=LONG, source=f"{LONG}.jsonl")]
    inputs = report_inputs(
        examples=pairs,
        samples=[sample(prompt=LONG, policy_answer=LONG), sample()],
        check=check_report(
            findings=[{"kind": "over maxLength", "count": 7}],
            warnings=[LONG, "Chosen answers are longer."],
        ),
        spec={"sft": {}, "dataset": {"uri": f"s3://bucket/{LONG}"}},
    )
    path = folder / "report.html"
    path.write_text(render_report(inputs))
    with browser(folder / "profile") as running:
        yield running, path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("details", ["closed", "open"])
def test_nothing_overflows(page, width, details):
    running, path = page
    running.emulate(width=width)
    running.open(path)
    if details == "open":
        running.evaluate(OPEN_ALL)
    assert running.evaluate("innerWidth") == width
    assert running.evaluate(OVERFLOWING) == []
    assert running.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("scheme", "media"), [("light", ""), ("dark", ""), ("light", "print"), ("dark", "print")]
)
def test_every_text_is_legible(page, scheme, media):
    running, path = page
    running.emulate(width=800, scheme=scheme, media=media)
    running.open(path)
    running.evaluate(OPEN_ALL)
    contrasts = running.evaluate(CONTRASTS)
    assert len(contrasts) > 150
    assert [found for found in contrasts if found[0] < 4.5] == []


def test_light_and_dark_differ_and_paper_is_light(page):
    running, path = page
    papers = []
    for scheme, media in (("light", ""), ("dark", ""), ("dark", "print")):
        running.emulate(width=800, scheme=scheme, media=media)
        running.open(path)
        papers.append(running.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers[0] == papers[2] == "rgb(255, 255, 255)"
    assert papers[1] != papers[0]


def test_the_page_asks_for_nothing_and_has_nothing_to_complain_about(page):
    running, path = page
    running.emulate(width=800)
    running.open(path)
    running.evaluate(OPEN_ALL)
    assert running.requests == [path.as_uri()]
    assert running.complaints == []


def test_the_page_keeps_others_from_asking(page):
    """An image put in afterwards, as an injection would, is refused by the page's own policy."""
    running, path = page
    running.open(path)
    running.evaluate(
        "new Promise(done => {"
        "  const image = new Image();"
        "  image.onerror = done;"
        "  image.src = 'http://127.0.0.1:9/x.png';"
        "  document.body.append(image);"
        "})",
    )
    assert any("Content Security Policy" in complaint for complaint in running.complaints)


def test_it_prints(page, tmp_path):
    running, path = page
    running.emulate(width=800)
    running.open(path)
    running.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_drawings_are_seen_as_named_images(page):
    running, path = page
    running.emulate(width=800)
    running.open(path)
    nodes = running.call("Accessibility.getFullAXTree")["nodes"]
    images = [node for node in nodes if node["role"]["value"] == "image"]
    names = [node["name"]["value"] for node in images]
    assert "Training loss" in names
    assert "Accuracy by difference in length" in names
    assert all(node["description"]["value"] for node in images)
