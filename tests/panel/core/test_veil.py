"""What a template gets in place of a value that its reader may not see."""

import pytest

from app.panel.core.veil import FIGURES, Veiled


@pytest.mark.parametrize("text", ["", "****"])
def test_whatever_is_worked_out_of_a_veiled_value_says_no_more_than_the_veil(app, text):
    render = app.jinja_env.from_string
    veiled = {"x": Veiled(text), "money": lambda amount, currency: f"{amount} {currency}"}
    for expression in (
        "x * 3", "3 - x", "-x", "x + 1", "x.label", "x.shop.name", "x.left()", "x|numberformat", "x|datetimeformat",
        "'%+d'|format(x)", "[x, 2]|sum", "_('%(n)s pieces', n=x)", "money(x, 'CNY')",
    ):  # fmt: skip
        assert render("{{ " + expression + " }}").render(**veiled) == text, expression
    assert render("{% if x > 5 or x < 5 %}told{% endif %}").render(**veiled) == ""


def test_every_filter_for_figures_is_one_that_templates_know(app):
    assert not set(FIGURES) - set(app.jinja_env.filters)
