"""Texts in the review desk: Markdown, code and formulas drawn without interpreting them, folding, searching."""

import pytest
from playwright.sync_api import expect

from backend.services.reviews import preferences
from tests.browser.desk import Review, empty
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser
RICH = """# Title

Some **bold**, *em* and `code <b>`; price $5 and $6, x^2 is $x^2$.

1. one
2. two [a link](https://203.0.113.9/a) and ![pic](https://203.0.113.9/p.png)

```python
print("<script>window.hacked=1</script>")
```

| a | b |
|---|---|
| 1 | 2 |

$$\\frac{a}{b}$$

\\[ \\href{javascript:window.hacked=1}{x} \\]

<details ontoggle="window.hacked=1" open>x</details> [click](javascript:window.hacked=1)
"""


def test_markdown_code_and_formulas_are_drawn_and_nothing_is_run(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=[RICH])
    asked: list[str] = []
    desk.context.on("request", lambda request: asked.append(request.url))
    page = desk.page
    page.wait_for_selector("#review-desk .answer math")
    inside = page.locator("#review-desk .answer")
    expect(inside.locator("h1")).to_have_text("Title")
    expect(inside.locator("ol > li")).to_have_count(2)
    assert inside.locator("pre code").text_content() == 'print("<script>window.hacked=1</script>")'
    assert inside.locator("td").all_text_contents() == ["1", "2"]
    expect(inside.locator("math")).to_have_count(3)
    expect(inside.locator("mfrac")).to_have_count(1)
    expect(inside).to_contain_text("price $5 and $6,")
    # A link shows where it leads and leads nowhere, in a formula too.
    expect(inside).to_contain_text("a link (https://203.0.113.9/a)")
    expect(inside.locator("math").last).to_contain_text("\\href")
    expect(inside).to_contain_text("<details ontoggle=")
    expect(inside.locator("a, img, script, details, [href], [src], [onclick]")).to_have_count(0)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    assert [url for url in asked if "203.0.113.9" in url] == []
    assert desk.errors == []


def test_the_stars_of_a_calculation_stay_while_words_are_emphasized(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=["8*6*5, (3+4)*5*(2), *yes* and **(no)**."])
    inside = desk.page.locator("#review-desk .answer")
    desk.page.wait_for_selector("#review-desk .answer em")
    expect(inside).to_contain_text("8*6*5, (3+4)*5*(2), yes and (no).")
    assert inside.locator("em").all_text_contents() == ["yes"]
    assert inside.locator("strong").all_text_contents() == ["(no)"]


def test_the_raw_text_is_one_key_away_and_remembered(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=[RICH])
    expect(desk.page.locator("#review-desk .answer h1")).to_have_count(1)
    desk.press("v")
    assert desk.page.locator("#review-desk .answer .text").text_content() == RICH
    until(lambda: preferences.get(desk.actor).text == "raw")
    desk.open()
    assert desk.page.locator("#review-desk .answer .text").text_content() == RICH
    desk.press("v")
    expect(desk.page.locator("#review-desk .answer h1")).to_have_count(1)


def test_a_long_text_folds_and_a_huge_one_stays_raw(empty: None, chromium: object) -> None:
    texts = ["**word** " * 3000, "**word** " * 30000]
    desk = Review(chromium, number=4, texts=texts)
    page = desk.page
    assert len(desk.text(".answer .text")) < 12100
    desk.sees(".answer .more", "Show all 27,000 characters")
    desk.press("m")
    expect(page.locator("#review-desk .answer strong")).to_have_count(3000)
    desk.press("m")
    expect(page.locator("#review-desk .answer strong")).to_have_count(0)
    desk.press("j", "m")
    expect(page.locator("#review-desk .answer strong")).to_have_count(0)
    assert len(page.locator("#review-desk .answer .text").text_content() or "") == 270000


def test_searching_marks_every_place_and_keys_are_letters_meanwhile(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=["An *axe* and an Axe and **AXE**s", "no tool at all"])
    page = desk.page
    desk.press("/")
    page.keyboard.type("axe")
    desk.shows(".find [role=status]", "1 of 3")
    marked = (
        "Array.from(CSS.highlights.get('review-found'), (r) => r.startContainer.data.slice(r.startOffset, r.endOffset))"
    )
    assert page.evaluate(marked) == ["axe", "Axe", "AXE"]
    desk.press("Enter", "Enter", "Enter", "Shift+Enter")
    desk.shows(".find [role=status]", "3 of 3")
    desk.press("Escape")
    assert page.evaluate("CSS.highlights.has('review-found')") is False
    assert desk.decisions() == []
    desk.press("a")
    desk.saved()
    assert len(desk.decisions()) == 1


def test_searching_looks_into_the_folded_part_too(empty: None, chromium: object) -> None:
    desk = Review(chromium, number=4, texts=["word " * 3000 + "needle", "thread " * 3000 + "needle"])
    desk.press("/")
    desk.page.keyboard.type("needle")
    desk.shows(".find [role=status]", "1 of 1")
    desk.page.evaluate("document.querySelector('#review-desk .find input').blur()")
    desk.press("j")
    desk.comes(desk.ids[1])
    desk.shows(".find [role=status]", "1 of 1")
    desk.sees(".answer .text", "thread thread needle")
    assert len(desk.text(".answer .text")) > 12100
