"""On a phone, in the dark, by keyboard, by ear."""

import re

import pytest

from orderbook import Side

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
SMALL = {"viewport": {"width": 320, "height": 640}}
TABLET = {"viewport": {"width": 820, "height": 1180}}


@pytest.mark.parametrize("options", [PHONE, SMALL, TABLET], ids=["phone", "small", "tablet"])
def test_nothing_hangs_over_the_edge(live, visit, options):
    live.run_flow(commands=400, prices=40)
    watched = visit(live.origin, **options).go()
    live.is_shown(watched)
    wide = watched.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    watched.see(".ladder-row[data-side=bid] >> nth=0").to_be_in_viewport()
    watched.see(".ladder-row[data-side=ask] >> nth=0").to_be_in_viewport()
    watched.see("ob-status .status-state").to_be_in_viewport()
    for part in ("ob-price", "ob-depth", "ob-tape", "ob-ticket"):
        watched.find(part).scroll_into_view_if_needed()
        watched.see(part).to_be_in_viewport()


def colours(watched):
    return watched.page.evaluate(
        """() => ["body", "ob-ladder", ".ladder-row .price", "ob-status"].map((selector) => {
          const { color, backgroundColor } = getComputedStyle(document.querySelector(selector));
          return [color, backgroundColor];
        })"""
    )


def test_light_and_dark(live, visit):
    live.order(1, 1, Side.BID, 100, 1)
    watched = visit(live.origin, color_scheme="dark").go()
    live.is_shown(watched)
    dark = colours(watched)
    watched.page.emulate_media(color_scheme="light")
    light = colours(watched)
    assert all(a != b for a, b in zip(dark, light, strict=True))

    watched.find("[data-action=theme]").click()  # light
    watched.see("html").to_have_attribute("data-theme", "light")
    watched.page.emulate_media(color_scheme="dark")
    assert colours(watched) == light
    watched.find("[data-action=theme]").click()  # dark
    watched.page.emulate_media(color_scheme="light")
    assert colours(watched) == dark
    watched.page.reload()
    watched.see("html").to_have_attribute("data-theme", "dark")
    live.is_shown(watched)
    assert colours(watched) == dark
    watched.find("[data-action=theme]").click()  # as the system has it
    assert colours(watched) == light


def focused(watched):
    """Return what has the focus: its name, data-action or data-price, else its element's name."""
    return watched.page.evaluate(
        """() => {
          const { name, dataset, localName } = document.activeElement;
          return name || dataset.action || (dataset.part === "price" ? "ladder" : localName);
        }"""
    )


def test_all_can_be_done_by_keyboard(live, visit):
    live.order(1, 1, Side.ASK, 1010, 1)
    live.order(1, 2, Side.BID, 1000, 1)
    live.order(1, 3, Side.BID, 990, 1)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    keyboard, reached = watched.page.keyboard, []
    while "submit" not in reached:
        keyboard.press("Tab")
        reached.append(focused(watched))
        assert len(reached) < 40, reached
    wanted = ["symbol", "theme", "ladder", "view", "side", "account_id", "order_type", "price", "quantity", "order_id"]
    assert [name for name in dict.fromkeys(reached) if name in wanted] == wanted

    watched.find(".ladder-row[data-side=ask] button").focus()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    watched.see("ob-ticket [name=price]").to_have_value("49.50")
    watched.see("ob-ticket [name=quantity]").to_be_focused()
    keyboard.type("0.005")
    watched.find("ob-ticket [name=account_id]").focus()
    keyboard.type("3")
    keyboard.press("Enter")
    watched.see_answer("ok")
    live.is_shown(watched)
    assert watched.shown().bids[1] == (990, 6, 2)


def test_every_control_has_a_name(live, visit):
    live.order(1, 1, Side.BID, 1000, 1)
    watched = visit(live.origin).go()
    live.is_shown(watched)
    watched.fill_ticket(account_id=1)
    watched.find("ob-ticket [name=account_id]").blur()
    watched.see(".open-orders li").to_have_count(1)
    snapshot = watched.find("body").aria_snapshot()
    controls = re.findall(r"^ *- (button|combobox|textbox|radio|img|link|table|list)\b(.*)$", snapshot, re.M)
    assert len(controls) > 15, snapshot
    assert [control for control in controls if not re.match(r' "[^"]+"', control[1])] == []
    for role, name in (
        ("combobox", "Instrument"),
        ("textbox", "Price USD"),
        ("textbox", "Quantity BTC"),
        ("button", "Cancel order 1"),
        ("img", re.compile("Depth chart")),
        ("table", "Order book"),
        ("list", re.compile("Trades")),
    ):
        watched.see(watched.page.get_by_role(role, name=name)).to_be_visible()
    assert watched.page.get_by_role("status").first.inner_text() == "live"


def test_it_stands_still_for_who_wants_that(live, visit):
    """With reduced motion nothing flashes for longer than a blink."""
    watched = visit(live.origin, reduced_motion="reduce").go()
    live.order(1, 1, Side.BID, 1000, 1)
    live.is_shown(watched)
    live.order(1, 2, Side.BID, 1000, 1)
    live.is_shown(watched)
    lengths = watched.page.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((element) => {
          const { animationName, animationDuration } = getComputedStyle(element);
          return animationName === "none" ? [] : [parseFloat(animationDuration)];
        })"""
    )
    assert all(seconds <= 0.01 for seconds in lengths)
