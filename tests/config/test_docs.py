from pathlib import Path

from peekd.config.docs import FILES, save_reference


def test_the_files_are_written_below_the_root(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    paths = save_reference(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in paths] == list(FILES)
    assert [path.read_text(encoding="utf-8") for path in paths] == [encode() for encode in FILES.values()]
