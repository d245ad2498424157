from __future__ import annotations

from pathlib import Path

from cxrtui.tui.classify.arrivals import Arrivals


def look(arrivals: Arrivals) -> list[str]:
    return [path.name for paths in arrivals.looks(lambda: False) for path in paths]


def test_only_new_films_whose_size_has_settled_arrive_and_each_once(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(b"x")
    arrivals = Arrivals(tmp_path)
    assert look(arrivals) == []
    (tmp_path / "b.png").write_bytes(b"x")
    (tmp_path / "a").write_bytes(b"x")  # DICOM has often no ending
    (tmp_path / "notes.txt").write_bytes(b"x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    assert look(arrivals) == []  # seen for the first time
    (tmp_path / "b.png").write_bytes(b"xx")
    assert look(arrivals) == ["a"]
    assert look(arrivals) == ["b.png"]
    assert look(arrivals) == []
    (tmp_path / "empty.png").write_bytes(b"x")
    assert look(arrivals) == []
    assert look(arrivals) == ["empty.png"]


def test_a_film_whose_file_goes_on_growing_comes_again(tmp_path: Path) -> None:
    (tmp_path / "begun.png").write_bytes(b"x")  # its copy was under way when the watch began
    (tmp_path / "old.png").write_bytes(b"x")
    arrivals = Arrivals(tmp_path)
    assert look(arrivals) == []
    (tmp_path / "paused.png").write_bytes(b"x")
    (tmp_path / "begun.png").write_bytes(b"xx")
    assert look(arrivals) == []
    assert look(arrivals) == ["begun.png", "paused.png"]
    (tmp_path / "paused.png").write_bytes(b"xx")
    assert look(arrivals) == []
    assert look(arrivals) == ["paused.png"]
    assert look(arrivals) == []


def test_a_film_that_was_taken_away_may_come_back(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    assert look(arrivals) == []
    for _ in range(2):
        (tmp_path / "a.png").write_bytes(b"x")
        assert look(arrivals) == []
        assert look(arrivals) == ["a.png"]
        (tmp_path / "a.png").unlink()
        assert look(arrivals) == []


def test_a_folder_that_is_gone_for_a_while_is_not_new_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "old.png").write_bytes(b"x")
    arrivals = Arrivals(folder)
    assert look(arrivals) == []
    folder.rename(tmp_path / "away")
    assert look(arrivals) == []
    (tmp_path / "away").rename(folder)
    assert look(arrivals) == look(arrivals) == []


def test_films_that_come_into_the_folders_below_arrive_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "old" / "deep").mkdir(parents=True)
    (tmp_path / "old" / "deep" / "old.png").write_bytes(b"x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    arrivals = Arrivals(tmp_path)
    assert look(arrivals) == []
    (tmp_path / "new").mkdir()
    for place in ("new/a.png", "old/deep/b.png", ".hidden/c.png"):
        (tmp_path / place).write_bytes(b"x")
    assert look(arrivals) == []
    found = [path for paths in arrivals.looks(lambda: False) for path in paths]
    assert found == [tmp_path / "new" / "a.png", tmp_path / "old" / "deep" / "b.png"]


def test_a_look_that_is_stopped_reports_and_forgets_nothing(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    assert look(arrivals) == []
    (tmp_path / "a.png").write_bytes(b"x")
    assert look(arrivals) == []
    assert list(arrivals.looks(lambda: True)) == []
    assert look(arrivals) == ["a.png"]
