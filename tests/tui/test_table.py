from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult

from cxrtui.tui.widgets.table import Table


class OneTable(App[None]):
    def compose(self) -> ComposeResult:
        yield Table()


async def test_what_is_painted_before_textual_is_idle_is_whole() -> None:
    app = OneTable()
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.query_one(Table)
        table.add_column("Film", key="film")
        table.add_column("Label", key="label")
        table.add_row(Text("a film with a long name.png"), Text("positive"), key="1")
        await pilot.pause()
        # Neither returns to the loop before it paints.
        table.add_row(Text("a film with a name that is longer still.png"), Text("-"), key="2")
        lines = [table.render_line(line).text for line in range(3)]
        assert "longer still.png" in lines[2]
        assert "positive" in lines[1]
        table.update_cell("1", "label", Text("negative by far"))
        assert "negative by far" in table.render_line(1).text
        await pilot.pause()
        assert "negative by far" in table.render_line(1).text
        wide = table.virtual_size.width
        table.clear()
        await pilot.pause()
        assert table.virtual_size.width < wide
