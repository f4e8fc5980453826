"""Charts as plain dictionaries, and their way into the page."""

import json

import pytest

from app.panel.core.charts import Chart, bars, chart_data, horizontal, line, ring


def test_a_figure_cannot_end_the_element_that_it_stands_in():
    evil = ["</script><script>alert(1)</script>", "a & b", "\u2028"]
    text = chart_data(Chart("x", "x", [{"type": "bar", "text": evil}], [], []))
    assert "<" not in text and ">" not in text and "&" not in text and "\u2028" not in text
    assert json.loads(text)["data"][0]["text"] == evil


def test_names_are_shown_letter_by_letter():
    made = bars(["<b>A</b> & B"], [1], "<i>x</i>")
    assert made["x"] == ["&lt;b&gt;A&lt;/b&gt; &amp; B"]
    assert made["name"] == "&lt;i&gt;x&lt;/i&gt;"
    assert ring(["<a href=//x>"], [1])["labels"] == ["&lt;a href=//x&gt;"]


def test_colours_are_names_of_the_skin():
    for trace in (line([1], [2], "n", fill=True), bars(["a"], [1], "n"), ring(["a"], [1])):
        assert "#" not in json.dumps(trace)


def test_a_kind_that_no_script_draws_is_refused_where_it_is_made():
    with pytest.raises(LookupError, match="heatmap"):
        Chart("x", "x", [{"type": "heatmap"}], [], []).figure()


def test_horizontal_bars_begin_at_the_top():
    made = bars(["long name"], [3], "n", horizontal=True)
    assert (made["orientation"], made["x"], made["y"]) == ("h", [3], ["long name"])
    assert horizontal()["yaxis"]["autorange"] == "reversed"


def test_a_chart_says_what_it_counts_and_can_be_read_as_a_table(staged):
    text = staged.test_client().get("/home").text
    assert "Books lent" in text
    assert 'aria-label="Loans. 8 on the last day"' in text
    assert "<caption" in text and "2026-11-10" in text


def test_plotly_is_loaded_only_where_a_chart_is(staged):
    client = staged.test_client()
    assert "plotly.min.js" in client.get("/home").text
    assert "plotly.min.js" not in client.get("/list").text


def test_a_chart_without_rows_says_so_instead_of_drawing(staged):
    with staged.test_request_context():
        template = staged.jinja_env.from_string('{% from "panel/chart.html" import chart_block %}{{ chart_block(c) }}')
        text = template.render(c=Chart("x", "Loans", [], [], [], empty="Nothing was lent."))
    assert "Nothing was lent." in text
    assert "data-plot" not in text
