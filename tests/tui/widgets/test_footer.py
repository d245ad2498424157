from __future__ import annotations

from textual.widgets._footer import FooterKey

from cxrtui.tui.app import Dashboard
from cxrtui.tui.widgets.footer import KeysFooter
from tests.tui.screen_text import shows, until


async def test_it_composes_again_only_for_other_keys_and_keeps_none_that_it_removed(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.pause(0.5)
        footer = dashboard.screen.query_one(KeysFooter)
        before = list(footer.query(FooterKey))
        await pilot.press("question_mark")
        await shows(pilot, "esc closes")
        await pilot.press("question_mark")
        await until(pilot, lambda: dashboard.screen is footer.screen)
        await pilot.pause(0.2)
        assert list(footer.query(FooterKey)) == before
        for _ in range(3):
            footer.refresh(recompose=True)
            await pilot.pause(0.2)
        kept = {watcher for watchers in vars(footer)["__watchers"].values() for watcher, _ in watchers}
        assert len(kept - {footer}) <= 2 * len(before)


async def test_it_offers_no_key_that_the_focused_field_takes_as_a_letter(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(120, 24)) as pilot:
        await shows(pilot, "No runs yet")
        await pilot.press("c")
        await shows(pilot, "/ Find", "d Folder")
        await pilot.press("d")
        await shows(pilot, "^q Quit")
        await until(pilot, lambda: not any(item.action == "find" for item in dashboard.screen.query(FooterKey)))
